import { Button, Select } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { keys } from '../../../api/queries'
import type { AccountDetails } from '../../../api/types'
import { plural } from '../../../format/number'
import { useSession } from '../../../session/context'
import { Confirm, Told } from '../../../ui/dialog'
import { Form, problemOfForm } from '../../../ui/form'
import { tellDone } from '../../../ui/toast'
import classes from './account.module.css'

const year = 365
const choices = [1, 2, 3, 5, 7].map(years => years * year)

/** `2 years`, or `90 days` where it is no whole number of years. */
export function retentionInWords(days: number): string {
  return days % year === 0 ? plural(days / year, 'year') : plural(days, 'day')
}

/** How long events are kept. To keep them for less is asked about first: what is removed does not come back. */
export function Retention({ days, held }: { days: number; held: boolean }) {
  const session = useSession()
  const queries = useQueryClient()
  const [draft, setDraft] = useState(days)
  const [base, setBase] = useState(days)
  const [asking, setAsking] = useState(false)
  // What was saved meanwhile, here or by somebody else, is what there is to change.
  if (base !== days) {
    setBase(days)
    setDraft(days)
  }
  const save = useMutation({
    mutationFn: () =>
      session.fetch<AccountDetails>('/api/v1/account', {
        method: 'PATCH',
        body: { settings: { auditRetentionDays: draft } },
      }),
    onSuccess: changed => {
      queries.setQueryData(keys.account, changed)
      tellDone(`Events are kept for ${retentionInWords(changed.settings.auditRetentionDays)}.`)
    },
    onSettled: () => setAsking(false),
  })
  const problem = problemOfForm(save.error, ['settings.auditRetentionDays'])
  const offered = [...new Set([...choices, days])].sort((a, b) => a - b)
  const span = retentionInWords(draft)
  return (
    <Form
      onSubmit={() => (draft < days ? setAsking(true) : save.mutate())}
      error={save.error}
      busy={save.isPending}
      className={classes.form}
    >
      <section className={classes.group} aria-labelledby="retention">
        <div>
          <h3 id="retention">How long events are kept</h3>
          <p>Everything that happened in the business, and who did it.</p>
        </div>
        <div className={classes.fields}>
          <Select
            label="Keep events for"
            description={
              held
                ? `Events older than ${span} stay until the legal hold ends.`
                : `Events older than ${span} are removed for good.`
            }
            data={offered.map(value => ({ value: String(value), label: retentionInWords(value) }))}
            value={String(draft)}
            allowDeselect={false}
            onChange={value => {
              save.reset()
              setDraft(Number(value))
            }}
            error={problem.of['settings.auditRetentionDays']}
          />
          {problem.general && <Told>{problem.general}</Told>}
          {draft !== days && (
            <div className={classes.buttons}>
              <Button variant="default" disabled={save.isPending} onClick={() => setDraft(days)}>
                Undo
              </Button>
              <Button type="submit" loading={save.isPending}>
                Save
              </Button>
            </div>
          )}
        </div>
      </section>
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        title={`Keep events for only ${span}?`}
        confirm="Keep them for less"
        busy={save.isPending}
        onConfirm={() => save.mutate()}
      >
        <p>
          {held
            ? `As soon as the legal hold ends, events older than ${span} are removed for good.`
            : `Events older than ${span} are removed for good. Keeping them for longer again does not bring them back.`}
        </p>
      </Confirm>
    </Form>
  )
}
