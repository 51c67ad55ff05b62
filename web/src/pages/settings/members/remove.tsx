import { useMutation, useQueryClient } from '@tanstack/react-query'
import { sentenceOf } from '../../../api/problem'
import { keys } from '../../../api/queries'
import { useIdentity, useSession } from '../../../session/context'
import { Confirm } from '../../../ui/dialog'
import { tellDone } from '../../../ui/toast'
import type { ActionProps } from './actions'
import { nameOf } from './members'

export function RemoveDialog({ member, opened, onClose, returnTo }: ActionProps) {
  const session = useSession()
  const queries = useQueryClient()
  const { account } = useIdentity()
  const name = nameOf(member)
  const remove = useMutation({
    mutationFn: () => session.fetch(`/api/v1/members/${encodeURIComponent(member.id)}`, { method: 'DELETE' }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: keys.members })
      onClose()
      tellDone(`${name} was removed.`)
    },
  })
  return (
    <Confirm
      opened={opened}
      onClose={onClose}
      returnTo={returnTo}
      title={`Remove ${name}?`}
      confirm="Remove"
      busy={remove.isPending}
      failure={remove.isError ? sentenceOf(remove.error) : undefined}
      onConfirm={() => remove.mutate()}
    >
      <p>
        {name} is signed out everywhere at once and can no longer see anything of {account.name}. To come
        back, they need a new invitation.
      </p>
      <p>What they did stays in the records.</p>
    </Confirm>
  )
}
