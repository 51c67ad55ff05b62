import { Button, MultiSelect, Select, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { keys, membersQuery } from '../../api/queries'
import { useSubmission } from '../../api/submission'
import type { MissedPolicy, Schedule, ScheduleWhen } from '../../api/types'
import { useCan, useIdentity, useSession } from '../../session/context'
import { DialogFoot } from '../../ui/dialog'
import { Failure } from '../../ui/failure'
import { Form, problemOfForm } from '../../ui/form'
import { tellDone } from '../../ui/toast'
import { Waiting } from '../settings/waiting'
import classes from './schedules.module.css'
import {
  type Choice,
  choicesQuery,
  choiceValue,
  formats,
  options,
  periods,
  type ReportOrder,
  reportAction,
} from './what'
import { inZone, trimmed } from './when'
import { WhenFields } from './when-fields'

const fields = [
  'name',
  'order',
  'when.every',
  'when.weekdays',
  'when.day',
  'when.at',
  'when.cron',
  'zone',
  'recipients',
  'missed',
] as const

const missedNames: { value: MissedPolicy; label: string }[] = [
  { value: 'catch_up', label: 'Catch up with the latest' },
  { value: 'skip', label: 'Leave it out' },
]

interface Props {
  /** The one to change; none for a new one. */
  schedule?: Schedule | undefined
  onCancel: () => void
  onDone: () => void
}

export function ScheduleForm(props: Props) {
  const choices = useQuery(choicesQuery(useSession()))
  if (choices.isError) return <Failure error={choices.error} onRetry={() => void choices.refetch()} />
  if (!choices.data) return <Waiting what="what can be asked for" rows={3} />
  return <Fields {...props} choices={choices.data} />
}

function Fields({ schedule, onCancel, onDone, choices }: Props & { choices: Choice[] }) {
  const session = useSession()
  const queries = useQueryClient()
  const submission = useSubmission()
  const { account, member } = useIdentity()
  const members = useQuery(membersQuery(session))
  const known = schedule?.order as ReportOrder | undefined
  const first = choices[0]
  const [name, setName] = useState(schedule?.name ?? '')
  const [what, setWhat] = useState(
    known
      ? choiceValue(known)
      : first
        ? choiceValue({ kind: first.kind, grouping: first.groupings[0]?.id ?? '' })
        : '',
  )
  const [format, setFormat] = useState(known?.format ?? 'pdf')
  const [period, setPeriod] = useState(known?.period ?? '7d')
  const [when, setWhen] = useState<ScheduleWhen>(
    schedule?.when ?? { every: 'week', weekdays: ['monday'], at: '08:00' },
  )
  const [zone, setZone] = useState(schedule?.zone ?? account.timeZone)
  const [recipients, setRecipients] = useState(schedule?.recipients.map(({ id }) => id) ?? [member.id])
  const [missed, setMissed] = useState<MissedPolicy>(schedule?.missed ?? 'catch_up')

  const [kind = '', grouping = ''] = what.split('/')
  // Amounts are in it for those who see them; then all its recipients must.
  const money = useCan()('finance:read')
  const ofPeriod = choices.find(choice => choice.kind === kind)?.period ?? false

  const save = useMutation({
    mutationFn: () => {
      const order = { kind, grouping, format, filters: {}, money, ...(ofPeriod ? { period } : {}) }
      const body = {
        name: name.trim(),
        action: reportAction,
        order,
        when: trimmed(when),
        zone,
        recipients,
        missed,
      }
      return schedule
        ? session.fetch<Schedule>(`/api/v1/schedules/${encodeURIComponent(schedule.id)}`, {
            method: 'PATCH',
            body,
          })
        : session.fetch<Schedule>('/api/v1/schedules', {
            method: 'POST',
            body,
            idempotencyKey: submission.keyOf(body),
          })
    },
    onSuccess: async saved => {
      submission.settled()
      await queries.invalidateQueries({ queryKey: keys.schedules })
      onDone()
      tellDone(
        saved.nextAt
          ? `${saved.name} comes next ${inZone(saved.nextAt, saved.zone)}.`
          : `${saved.name} is saved.`,
      )
    },
    onError: error => submission.settled(error),
  })
  const problem = problemOfForm(save.error, fields)
  const people = (members.data ?? [])
    .filter(({ status }) => status === 'active')
    .map(({ id, name, email }) => ({ value: id, label: name || email }))

  return (
    <Form onSubmit={() => save.mutate()} error={save.error} general={problem.general} busy={save.isPending}>
      <TextInput
        label="Name"
        placeholder="Monday’s revenue"
        maxLength={80}
        autoComplete="off"
        value={name}
        onChange={event => setName(event.currentTarget.value)}
        error={problem.of.name}
        data-autofocus
      />
      <Select
        label="Report"
        data={options(choices)}
        value={what}
        onChange={value => value && setWhat(value)}
        searchable
        allowDeselect={false}
        error={problem.of.order}
      />
      <div className={classes.pair}>
        {ofPeriod && (
          <Select
            label="Of"
            data={periods}
            value={period}
            onChange={value => value && setPeriod(value)}
            allowDeselect={false}
          />
        )}
        <Select
          label="As"
          data={formats}
          value={format}
          onChange={value => value && setFormat(value)}
          allowDeselect={false}
        />
      </div>
      <WhenFields
        when={when}
        zone={zone}
        accountZone={account.timeZone}
        wrong={problem.of}
        onWhen={setWhen}
        onZone={setZone}
      />
      <MultiSelect
        label="To"
        data={people}
        value={recipients}
        onChange={setRecipients}
        searchable
        hidePickedOptions
        maxValues={20}
        placeholder={recipients.length === 0 ? 'Members' : ''}
        error={problem.of.recipients}
      />
      <Select
        label="When a time was missed"
        description="Such as when Fieldboard could not be reached."
        data={missedNames}
        value={missed}
        onChange={value => value && setMissed(value as MissedPolicy)}
        allowDeselect={false}
        error={problem.of.missed}
      />
      <DialogFoot>
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
        <Button type="submit" loading={save.isPending}>
          {schedule ? 'Save' : 'Create the schedule'}
        </Button>
      </DialogFoot>
    </Form>
  )
}
