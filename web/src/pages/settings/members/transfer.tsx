import { Button, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { keys } from '../../../api/queries'
import { useIdentity, useSession } from '../../../session/context'
import { Dialog, DialogFoot } from '../../../ui/dialog'
import { Form, problemOfForm } from '../../../ui/form'
import { tellDone } from '../../../ui/toast'
import type { ActionProps } from './actions'
import { nameOf } from './members'

export function TransferDialog({ member, opened, onClose, returnTo }: ActionProps) {
  const session = useSession()
  const queries = useQueryClient()
  const { account } = useIdentity()
  const name = nameOf(member)
  const [typed, setTyped] = useState('')
  const same = typed.trim().toLowerCase() === name.trim().toLowerCase()
  const transfer = useMutation({
    mutationFn: () =>
      session.fetch('/api/v1/account/owner', { method: 'POST', body: { memberId: member.id } }),
    onSuccess: async () => {
      onClose()
      tellDone(`${name} is now the owner. You are an administrator.`)
      // One's own role has changed: what one may do now is told by the next token.
      await session.refresh().catch(() => {})
      await queries.invalidateQueries({ queryKey: keys.members })
      await queries.invalidateQueries({ queryKey: keys.roles })
    },
  })
  const problem = problemOfForm(transfer.error, [])
  return (
    <Dialog opened={opened} onClose={onClose} returnTo={returnTo} title={`Make ${name} the owner?`}>
      <Form
        onSubmit={() => same && transfer.mutate()}
        error={transfer.error}
        general={problem.general}
        busy={transfer.isPending}
      >
        <p>
          {name} will be able to do everything in {account.name}: connect Jobber, change its settings, and
          decide about every member, you included.
        </p>
        <p>You become an administrator. Only {name} can make you the owner again.</p>
        <TextInput
          label={`Type ${name} to confirm`}
          value={typed}
          onChange={event => setTyped(event.currentTarget.value)}
          autoComplete="off"
          data-autofocus
        />
        <DialogFoot>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" color="red" disabled={!same} loading={transfer.isPending}>
            Make the owner
          </Button>
        </DialogFoot>
      </Form>
    </Dialog>
  )
}
