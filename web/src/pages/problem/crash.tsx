import { Button } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { Empty } from '../../ui/empty'

/** The page itself failed, not a request of it. */
export function Crash() {
  return (
    <main role="alert" style={{ display: 'flex', flex: 1, minHeight: '60dvh' }}>
      <Empty
        icon={IconAlertTriangle}
        title="This page stopped working"
        action={<Button onClick={() => window.location.reload()}>Reload the page</Button>}
      >
        Nothing of your business is lost. Reloading usually helps; if it happens again, tell support what you
        did.
      </Empty>
    </main>
  )
}
