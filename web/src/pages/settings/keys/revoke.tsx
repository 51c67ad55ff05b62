import { useMutation, useQueryClient } from '@tanstack/react-query'
import { sentenceOf } from '../../../api/problem'
import { keys } from '../../../api/queries'
import type { ApiKey } from '../../../api/types'
import { useSession } from '../../../session/context'
import { Confirm } from '../../../ui/dialog'
import { tellDone } from '../../../ui/toast'

export function RevokeDialog({
  apiKey,
  opened,
  onClose,
  returnTo,
}: {
  apiKey: ApiKey
  opened: boolean
  onClose: () => void
  returnTo: string[]
}) {
  const session = useSession()
  const queries = useQueryClient()
  const revoke = useMutation({
    mutationFn: () =>
      session.fetch(`/api/v1/api-keys/${encodeURIComponent(apiKey.id)}`, { method: 'DELETE' }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: keys.apiKeys })
      onClose()
      tellDone(`${apiKey.name} was revoked.`)
    },
  })
  return (
    <Confirm
      opened={opened}
      onClose={onClose}
      returnTo={returnTo}
      title={`Revoke ${apiKey.name}?`}
      confirm="Revoke"
      busy={revoke.isPending}
      failure={revoke.isError ? sentenceOf(revoke.error) : undefined}
      onConfirm={() => revoke.mutate()}
    >
      <p>
        Programs that use this key are refused from this moment on. It cannot be taken back; they would need a
        new key.
      </p>
    </Confirm>
  )
}
