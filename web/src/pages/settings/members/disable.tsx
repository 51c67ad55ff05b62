import { useMutation, useQueryClient } from '@tanstack/react-query'
import { sentenceOf } from '../../../api/problem'
import { keys } from '../../../api/queries'
import { useSession } from '../../../session/context'
import { Confirm } from '../../../ui/dialog'
import { tellDone } from '../../../ui/toast'
import type { ActionProps } from './actions'
import { nameOf } from './members'

export function DisableDialog({ member, opened, onClose, returnTo }: ActionProps) {
  const session = useSession()
  const queries = useQueryClient()
  const name = nameOf(member)
  const disable = useMutation({
    mutationFn: () =>
      session.fetch(`/api/v1/members/${encodeURIComponent(member.id)}`, {
        method: 'PATCH',
        body: { status: 'disabled' },
      }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: keys.members })
      onClose()
      tellDone(`${name} can no longer sign in.`)
    },
  })
  return (
    <Confirm
      opened={opened}
      onClose={onClose}
      returnTo={returnTo}
      title={`Disable ${name}?`}
      confirm="Disable"
      busy={disable.isPending}
      failure={disable.isError ? sentenceOf(disable.error) : undefined}
      onConfirm={() => disable.mutate()}
    >
      <p>
        {name} is signed out everywhere at once and cannot sign in until you enable them again. Their role
        stays as it is.
      </p>
    </Confirm>
  )
}
