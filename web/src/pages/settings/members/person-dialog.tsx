import { Button } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { keys } from '../../../api/queries'
import { useSession } from '../../../session/context'
import { Dialog, DialogFoot } from '../../../ui/dialog'
import { Form, problemOfForm } from '../../../ui/form'
import type { ActionProps } from './actions'
import { nameOf } from './members'
import { PersonSelect } from './person-select'

export function PersonDialog({ member, opened, onClose, returnTo }: ActionProps) {
  const session = useSession()
  const queries = useQueryClient()
  const name = nameOf(member)
  const [id, setId] = useState(member.jobberUserId || null)
  const link = useMutation({
    mutationFn: () =>
      session.fetch(`/api/v1/members/${encodeURIComponent(member.id)}`, {
        method: 'PATCH',
        body: { jobberUserId: id ?? '' },
      }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: keys.members })
      onClose()
    },
  })
  const problem = problemOfForm(link.error, ['jobberUserId'])
  return (
    <Dialog opened={opened} onClose={onClose} returnTo={returnTo} title={`Who is ${name} in Jobber?`}>
      <Form onSubmit={() => link.mutate()} error={link.error} general={problem.general} busy={link.isPending}>
        <p>A technician sees the visits of the team that this person belongs to in Jobber.</p>
        <PersonSelect value={id} onChange={setId} error={problem.of.jobberUserId} autofocus />
        <DialogFoot>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={link.isPending}>
            Save
          </Button>
        </DialogFoot>
      </Form>
    </Dialog>
  )
}
