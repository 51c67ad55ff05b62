import { Button, SegmentedControl, Select, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { keys } from '../../api/queries'
import { useSubmission } from '../../api/submission'
import type { Report, ReportFilter, ReportFormat, ReportKind, ReportRequest } from '../../api/types'
import { capital } from '../../format/words'
import { useIdentity, useSession } from '../../session/context'
import { Form, problemOfForm } from '../../ui/form'
import { ClientFilter, PersonFilter, TeamFilter } from './filters'
import { choices, spanOf } from './period'
import classes from './reports.module.css'

const fields = [
  'kind',
  'grouping',
  'format',
  'period',
  'from',
  'to',
  'filters.client',
  'filters.person',
  'filters.team',
  'filters.status',
] as const

const formats: { value: ReportFormat; label: string }[] = [
  { value: 'pdf', label: 'PDF' },
  { value: 'xlsx', label: 'Excel' },
  { value: 'csv', label: 'CSV' },
]

/** Asks for a report. */
export function OrderForm({ kinds }: { kinds: ReportKind[] }) {
  const session = useSession()
  const queries = useQueryClient()
  const submission = useSubmission()
  const { account } = useIdentity()
  const [kindName, setKind] = useState(kinds[0]?.kind ?? '')
  const kind = kinds.find(({ kind }) => kind === kindName)
  const [groupingName, setGrouping] = useState('')
  const grouping = kind?.groupings.find(({ id }) => id === groupingName) ?? kind?.groupings[0]
  const [format, setFormat] = useState<ReportFormat>('pdf')
  const [period, setPeriod] = useState('mtd')
  const [days, setDays] = useState({ from: '', to: '' })
  const [filters, setFilters] = useState<ReportRequest['filters']>({})
  const takes = (filter: ReportFilter) => grouping?.filters.includes(filter) ?? false

  const make = useMutation({
    mutationFn: (body: ReportRequest) =>
      session.fetch<Report>('/api/v1/reports', {
        method: 'POST',
        body,
        idempotencyKey: submission.keyOf(body),
      }),
    onSettled: (_, error) => submission.settled(error ?? undefined),
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.reports }),
  })
  const problem = problemOfForm(make.error, fields)
  if (!kind || !grouping) return null

  const submit = () => {
    const given = Object.entries(filters).filter(([name, value]) => takes(name as ReportFilter) && value)
    make.mutate({
      kind: kind.kind,
      grouping: grouping.id,
      format,
      ...(kind.period ? spanOf(period, days, new Date(), account.timeZone) : {}),
      filters: Object.fromEntries(given),
    })
  }
  const filterOf = (name: ReportFilter) => ({
    value: filters[name] ?? '',
    onChange: (value: string) => setFilters(all => ({ ...all, [name]: value })),
    error: problem.of[`filters.${name}`],
    required: grouping.needs.includes(name),
  })

  return (
    <Form
      onSubmit={submit}
      error={make.error}
      general={problem.general}
      busy={make.isPending}
      className={classes.order}
    >
      <p className={classes.about}>{kind.about}</p>
      <div className={classes.fields}>
        <Select
          label="Report"
          data={kinds.map(({ kind, title }) => ({ value: kind, label: title }))}
          value={kind.kind}
          onChange={value => {
            setKind(value ?? '')
            setGrouping('')
            setFilters({ ...filters, status: '' })
            make.reset()
          }}
          allowDeselect={false}
          error={problem.of.kind}
        />
        <Select
          label="Rows"
          data={kind.groupings.map(({ id, title }) => ({ value: id, label: capital(title) }))}
          value={grouping.id}
          onChange={value => setGrouping(value ?? '')}
          allowDeselect={false}
          error={problem.of.grouping}
        />
        {kind.period && (
          <Select
            label="Period"
            data={choices}
            value={period}
            onChange={value => setPeriod(value ?? 'mtd')}
            allowDeselect={false}
            error={problem.of.period}
          />
        )}
        {kind.period && period === 'days' && (
          <>
            <TextInput
              type="date"
              label="From"
              value={days.from}
              onChange={event => setDays({ ...days, from: event.currentTarget.value })}
              error={problem.of.from}
            />
            <TextInput
              type="date"
              label="To"
              value={days.to}
              onChange={event => setDays({ ...days, to: event.currentTarget.value })}
              error={problem.of.to}
            />
          </>
        )}
        {takes('client') && <ClientFilter {...filterOf('client')} />}
        {takes('team') && <TeamFilter {...filterOf('team')} />}
        {takes('person') && <PersonFilter {...filterOf('person')} />}
        {takes('status') && (
          <Select
            label="Status"
            placeholder="All"
            data={kind.statuses.map(({ id, label }) => ({ value: id, label }))}
            value={filters.status || null}
            onChange={value => setFilters({ ...filters, status: value ?? '' })}
            clearable
            error={problem.of['filters.status']}
          />
        )}
      </div>
      <div className={classes.send}>
        <SegmentedControl
          aria-label="Format"
          data={formats}
          value={format}
          onChange={value => setFormat(value as ReportFormat)}
        />
        <Button type="submit" loading={make.isPending}>
          Make the report
        </Button>
      </div>
    </Form>
  )
}
