import { Button, Select } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { keys } from '../../../api/queries'
import { useSubmission } from '../../../api/submission'
import type { ApiKey, NewApiKey } from '../../../api/types'
import { useSession } from '../../../session/context'
import { DialogFoot } from '../../../ui/dialog'
import { Form, problemOfForm } from '../../../ui/form'

const overlaps = [
  { value: '0', label: 'Not at all: it stops now' },
  { value: '1', label: '1 hour' },
  { value: '24', label: '1 day' },
  { value: '72', label: '3 days' },
  { value: '168', label: '7 days' },
]

export function RotateForm({
  apiKey,
  onCancel,
  onMade,
}: {
  apiKey: ApiKey
  onCancel: () => void
  onMade: (made: NewApiKey) => void
}) {
  const session = useSession()
  const queries = useQueryClient()
  const submission = useSubmission()
  const [hours, setHours] = useState('24')
  const rotate = useMutation({
    mutationFn: () => {
      const body = { overlapHours: Number(hours) }
      return session.fetch<NewApiKey>(`/api/v1/api-keys/${encodeURIComponent(apiKey.id)}/rotations`, {
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
  const problem = problemOfForm(rotate.error, ['overlapHours'])
  return (
    <Form
      onSubmit={() => rotate.mutate()}
      error={rotate.error}
      general={problem.general}
      busy={rotate.isPending}
    >
      <p>
        The key keeps its name, its permissions and its expiry. Give the new secret to the programs that use
        it while the present one still works.
      </p>
      <Select
        label="The present secret keeps working for"
        data={overlaps}
        value={hours}
        onChange={value => setHours(value ?? '24')}
        allowDeselect={false}
        error={problem.of.overlapHours}
        data-autofocus
      />
      <DialogFoot>
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
        <Button type="submit" loading={rotate.isPending}>
          Make a new secret
        </Button>
      </DialogFoot>
    </Form>
  )
}
