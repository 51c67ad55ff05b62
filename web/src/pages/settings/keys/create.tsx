import { Button, Checkbox, Select, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { keys } from '../../../api/queries'
import { useSubmission } from '../../../api/submission'
import type { NewApiKey, Permission } from '../../../api/types'
import { keyPermissions, permissionName } from '../../../format/words'
import { useCan, useSession } from '../../../session/context'
import { DialogFoot } from '../../../ui/dialog'
import { Form, problemOfForm } from '../../../ui/form'
import classes from './keys.module.css'

const lives = [
  { value: '7', label: '7 days' },
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: '1 year' },
  { value: 'never', label: 'It does not expire' },
]

const fields = ['name', 'permissions', 'expiresAt', 'ipAllow'] as const

export function CreateForm({
  onCancel,
  onMade,
}: {
  onCancel: () => void
  onMade: (made: NewApiKey) => void
}) {
  const session = useSession()
  const queries = useQueryClient()
  const submission = useSubmission()
  const can = useCan()
  const [name, setName] = useState('')
  const [permissions, setPermissions] = useState<string[]>([])
  const [life, setLife] = useState('90')
  // The moment is chosen with the life, so that a second try of the same form is the same.
  const [from, setFrom] = useState(Date.now)
  const [networks, setNetworks] = useState('')
  const [missing, setMissing] = useState<{ name?: string; permissions?: string }>()

  const create = useMutation({
    mutationFn: () => {
      const body = {
        name: name.trim(),
        permissions: permissions as Permission[],
        ...(life === 'never' ? {} : { expiresAt: new Date(from + Number(life) * 86_400_000).toISOString() }),
        ...(networks.trim() ? { ipAllow: lines(networks) } : {}),
      }
      return session.fetch<NewApiKey>('/api/v1/api-keys', {
        method: 'POST',
        body,
        idempotencyKey: submission.keyOf(body),
      })
    },
    onSuccess: async made => {
      submission.settled()
      onMade(made)
      await queries.invalidateQueries({ queryKey: keys.apiKeys })
    },
    onError: error => submission.settled(error),
  })
  const problem = problemOfForm(create.error, fields)
  const submit = () => {
    const lacks = {
      ...(name.trim() ? {} : { name: 'Say what it is for.' }),
      ...(permissions.length > 0 ? {} : { permissions: 'Choose at least one.' }),
    }
    const any = Object.keys(lacks).length > 0
    setMissing(any ? lacks : undefined)
    if (!any) create.mutate()
  }
  const wrongPermissions = missing?.permissions ?? problem.of.permissions

  return (
    <Form onSubmit={submit} error={missing ?? create.error} general={problem.general} busy={create.isPending}>
      <TextInput
        label="Name"
        description="What it is for, so that you know later whether it is still needed."
        maxLength={80}
        autoComplete="off"
        value={name}
        onChange={event => setName(event.currentTarget.value)}
        error={missing?.name ?? problem.of.name}
        data-autofocus
      />
      <Checkbox.Group label="It may" value={permissions} onChange={setPermissions} error={wrongPermissions}>
        <div className={classes.checks}>
          {keyPermissions
            .filter(permission => can(permission))
            .map(permission => (
              <Checkbox key={permission} value={permission} label={permissionName(permission)} size="sm" />
            ))}
        </div>
      </Checkbox.Group>
      <Select
        label="Good for"
        data={lives}
        value={life}
        onChange={value => {
          setLife(value ?? '90')
          setFrom(Date.now())
        }}
        allowDeselect={false}
        error={problem.of.expiresAt}
      />
      <Textarea
        label="Only from these addresses"
        description="One address or network to a line. Empty: from everywhere."
        placeholder={'203.0.113.7\n198.51.100.0/24'}
        rows={3}
        spellCheck={false}
        value={networks}
        onChange={event => setNetworks(event.currentTarget.value)}
        error={problem.of.ipAllow}
      />
      <DialogFoot>
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
        <Button type="submit" loading={create.isPending}>
          Create the key
        </Button>
      </DialogFoot>
    </Form>
  )
}

function lines(text: string): string[] {
  return text
    .split(/[\n,]/)
    .map(line => line.trim())
    .filter(Boolean)
}
