import { IconMapQuestion } from '@tabler/icons-react'
import { Empty } from '../../ui/empty'
import { ButtonLink } from '../../ui/link'

export function NotFound() {
  return (
    <main style={{ display: 'flex', flex: 1, minHeight: '100dvh' }}>
      <Empty
        icon={IconMapQuestion}
        title="No such page"
        action={<ButtonLink to="/">Go to the overview</ButtonLink>}
      >
        The address may be mistyped, or the page has moved.
      </Empty>
    </main>
  )
}
