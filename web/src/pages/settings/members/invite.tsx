import { Button, Select, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { keys } from '../../../api/queries'
import { useSubmission } from '../../../api/submission'
import type { NewInvitation, Role } from '../../../api/types'
import { roleName, roleText } from '../../../format/words'
import { useCan, useSession } from '../../../session/context'
import { Dialog, DialogFoot } from '../../../ui/dialog'
import { Form, problemOfForm } from '../../../ui/form'
import { InvitationLink } from './invitation-link'
import { PersonSelect } from './person-select'

interface Props {
  opened: boolean
  onClose: () => void
  grantable: Role[]
}

export function InviteDialog({ opened, onClose, grantable }: Props) {
  const [made, setMade] = useState<NewInvitation>()
  // Each time it opens it is empty.
  const [times, setTimes] = useState(0)
  const [was, setWas] = useState(opened)
  if (was !== opened) {
    setWas(opened)
    if (opened) {
      setTimes(times + 1)
      setMade(undefined)
    }
  }
  return (
    <Dialog
      opened={opened}
      onClose={onClose}
      title={made ? `Invitation for ${made.email}` : 'Invite somebody'}
      insistent={Boolean(made)}
      returnTo={['invite']}
    >
      {made ? (
        <InvitationLink invitation={made} onDone={onClose} />
      ) : (
        <InviteForm key={times} grantable={grantable} onCancel={onClose} onMade={setMade} />
      )}
    </Dialog>
  )
}

const fields = ['email', 'name', 'role', 'jobberUserId'] as const

function InviteForm({
  grantable,
  onCancel,
  onMade,
}: {
  grantable: Role[]
  onCancel: () => void
  onMade: (invitation: NewInvitation) => void
}) {
  const session = useSession()
  const queries = useQueryClient()
  const submission = useSubmission()
  const can = useCan()
  const [email, setEmail] = useState('')
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('dispatcher')
  const [jobberUserId, setJobberUserId] = useState<string | null>(null)
  const [missing, setMissing] = useState(false)

  const invite = useMutation({
    mutationFn: () => {
      const body = {
        email: email.trim(),
        role,
        ...(name.trim() ? { name: name.trim() } : {}),
        ...(jobberUserId ? { jobberUserId } : {}),
      }
      return session.fetch<NewInvitation>('/api/v1/invitations', {
        method: 'POST',
        body,
        idempotencyKey: submission.keyOf(body),
      })
    },
    onSuccess: async invitation => {
      submission.settled()
      onMade(invitation)
      await queries.invalidateQueries({ queryKey: keys.invitations })
    },
    onError: error => submission.settled(error),
  })
  const problem = problemOfForm(invite.error, fields)
  const submit = () => {
    setMissing(!email.trim())
    if (email.trim()) invite.mutate()
  }

  return (
    <Form onSubmit={submit} error={missing || invite.error} general={problem.general} busy={invite.isPending}>
      <TextInput
        label="Email"
        type="email"
        autoComplete="off"
        value={email}
        onChange={event => setEmail(event.currentTarget.value)}
        error={missing ? 'Enter the address to invite.' : problem.of.email}
        data-autofocus
      />
      <TextInput
        label="Name"
        autoComplete="off"
        value={name}
        onChange={event => setName(event.currentTarget.value)}
        error={problem.of.name}
      />
      <Select
        label="Role"
        description={roleText(role)}
        data={grantable.map(value => ({ value, label: roleName(value) }))}
        value={role}
        onChange={value => value && setRole(value as Role)}
        allowDeselect={false}
        error={problem.of.role}
      />
      {can('record:read') && (
        <PersonSelect
          value={jobberUserId}
          onChange={setJobberUserId}
          description="A technician sees the visits of this person’s team."
          error={problem.of.jobberUserId}
        />
      )}
      <DialogFoot>
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
        <Button type="submit" loading={invite.isPending}>
          Invite
        </Button>
      </DialogFoot>
    </Form>
  )
}
