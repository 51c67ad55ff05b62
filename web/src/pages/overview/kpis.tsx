import { Link } from '@tanstack/react-router'
import { memo, type ReactNode } from 'react'
import type { MoneyFigure, Summary } from '../../api/types'
import { count, percent, plural, signedCount } from '../../format/number'
import { useFormat } from '../../format/use-format'
import { useScope } from '../../session/context'
import { Change } from '../../ui/change'
import { LiveNumber } from '../../ui/live-number'
import { Sparkline } from '../../ui/sparkline'
import { StackedBar } from '../../ui/stacked-bar'
import { useCanList } from '../records/collections'
import { ageColors } from './ageing'
import classes from './kpis.module.css'
import { previousName } from './period'

export const Kpis = memo(function Kpis({ summary }: { summary: Summary }) {
  const { period, revenue, collected, receivables, visitsToday, quoteConversion } = summary
  return (
    <div className={classes.row}>
      {revenue && <MoneyCard name="Revenue" testId="kpi-revenue" figure={revenue} period={period} />}
      {collected && <MoneyCard name="Collected" testId="kpi-collected" figure={collected} period={period} />}
      {receivables && <ReceivablesCard receivables={receivables} />}
      <VisitsCard visits={visitsToday} />
      <ConversionCard conversion={quoteConversion} periodName={period.name} />
      {!revenue && <ActiveJobsCard jobs={summary.pipeline.jobs} />}
      {!revenue && <UtilisationCard rows={summary.crewUtilisation} periodName={period.name} />}
    </div>
  )
})

interface CardProps {
  name: string
  testId: string
  figure: ReactNode
  note: ReactNode
  picture?: ReactNode
}

function Card({ name, testId, figure, note, picture }: CardProps) {
  return (
    <article className={classes.card} aria-label={name} data-testid={testId}>
      <h2 className={classes.name}>{name}</h2>
      <p className={classes.figure}>{figure}</p>
      <p className={classes.note}>{note}</p>
      <div className={classes.picture}>{picture}</div>
    </article>
  )
}

function MoneyCard({
  name,
  testId,
  figure,
  period,
}: {
  name: string
  testId: string
  figure: MoneyFigure
  period: Summary['period']
}) {
  const format = useFormat()
  return (
    <Card
      name={name}
      testId={testId}
      figure={
        <LiveNumber
          key={period.name}
          value={figure.cents}
          format={format.wholeMoney}
          formatChange={format.signedMoney}
          testId={`${testId}-value`}
        />
      }
      note={
        figure.change === null ? (
          `vs ${format.wholeMoney(figure.previousCents)} ${previousName(period)}`
        ) : (
          <>
            <Change ratio={figure.change} /> vs {previousName(period)}
          </>
        )
      }
      picture={<Sparkline values={figure.trend.map(point => point.cents)} />}
    />
  )
}

function ReceivablesCard({ receivables }: { receivables: NonNullable<Summary['receivables']> }) {
  const format = useFormat()
  const oldest = receivables.ageing.find(bucket => bucket.bucket === '90+')
  return (
    <Card
      name="Receivables"
      testId="kpi-receivables"
      figure={
        <LiveNumber
          value={receivables.cents}
          format={format.wholeMoney}
          formatChange={format.signedMoney}
          testId="kpi-receivables-value"
        />
      }
      note={
        <>
          {plural(receivables.invoices, 'invoice')}
          {oldest && oldest.invoices > 0 && (
            <>
              {' · '}
              <span className={classes.bad}>{count(oldest.invoices)} over 90 days</span>
            </>
          )}
        </>
      }
      picture={
        <div className={classes.bar}>
          <StackedBar
            segments={receivables.ageing.map(({ bucket, cents }) => ({
              name: bucket,
              value: cents,
              color: ageColors[bucket],
            }))}
          />
        </div>
      }
    />
  )
}

function VisitsCard({ visits }: { visits: Summary['visitsToday'] }) {
  // The list below has the visits of one's team then.
  const narrowed = useScope()('record:read') === 'team'
  return (
    <Card
      name={narrowed ? 'Visits today, all teams' : 'Visits today'}
      testId="kpi-visits-today"
      figure={
        <LiveNumber
          value={visits.completed}
          format={count}
          formatChange={signedCount}
          testId="visits-completed"
        >
          <span className={classes.of}>
            of <span data-testid="visits-total">{count(visits.total)}</span> done
          </span>
        </LiveNumber>
      }
      note={
        visits.total === 0 ? (
          'Nothing is scheduled today'
        ) : visits.late > 0 ? (
          <>
            <span className={classes.bad}>{count(visits.late)} late</span> · {count(visits.inProgress)} in
            progress
          </>
        ) : (
          <>
            {count(visits.inProgress)} in progress · {count(visits.upcoming)} to come
          </>
        )
      }
      picture={
        <div className={classes.bar}>
          <StackedBar
            segments={[
              { name: 'completed', value: visits.completed, color: 'var(--fb-pine)' },
              { name: 'inProgress', value: visits.inProgress, color: 'var(--fb-blue)' },
              { name: 'late', value: visits.late, color: 'var(--fb-red)' },
              { name: 'upcoming', value: visits.upcoming, color: 'var(--fb-track)' },
            ]}
          />
        </div>
      }
    />
  )
}

function ConversionCard({
  conversion,
  periodName,
}: {
  conversion: Summary['quoteConversion']
  periodName: string
}) {
  const format = useFormat()
  const { rate, sent, won, wonCents } = conversion
  return (
    <Card
      name="Quote conversion"
      testId="kpi-conversion"
      figure={
        rate === null ? (
          <span className={classes.nothing}>–</span>
        ) : (
          <LiveNumber
            key={periodName}
            value={Math.round(rate * 10_000)}
            format={value => percent(value / 10_000)}
            testId="kpi-conversion-value"
          />
        )
      }
      note={
        sent === 0
          ? 'No quotes were sent'
          : `${count(won)} of ${plural(sent, 'quote')} won${wonCents !== null ? ` · ${format.shortMoney(wonCents)}` : ''}`
      }
      picture={
        <div className={classes.bar}>
          <StackedBar
            segments={[
              { name: 'won', value: won, color: 'var(--fb-pine)' },
              { name: 'open', value: sent - won, color: 'var(--fb-track)' },
            ]}
          />
        </div>
      }
    />
  )
}

function ActiveJobsCard({ jobs }: { jobs: Summary['pipeline']['jobs'] }) {
  const canList = useCanList()
  const toInvoice = jobs.stages.find(stage => stage.stage === 'requiresInvoicing')?.count ?? 0
  return (
    <Card
      name="Open jobs"
      testId="kpi-jobs"
      figure={<LiveNumber value={jobs.count} format={count} formatChange={signedCount} />}
      note={toInvoice === 0 ? 'None waits for its invoice' : `${count(toInvoice)} to invoice`}
      picture={
        canList('jobs') && (
          <Link to="/$collection" params={{ collection: 'jobs' }} className={classes.link}>
            See all jobs
          </Link>
        )
      }
    />
  )
}

function UtilisationCard({ rows, periodName }: { rows: Summary['crewUtilisation']; periodName: string }) {
  const scheduled = rows.reduce((sum, row) => sum + row.scheduledMinutes, 0)
  const capacity = rows.reduce((sum, row) => sum + row.capacityMinutes, 0)
  return (
    <Card
      name="Crew utilisation"
      testId="kpi-utilisation"
      figure={
        capacity === 0 ? (
          <span className={classes.nothing}>–</span>
        ) : (
          <LiveNumber
            key={periodName}
            value={Math.round((scheduled / capacity) * 10_000)}
            format={value => percent(value / 10_000)}
          />
        )
      }
      note={rows.length === 0 ? 'No crews yet' : `Across ${plural(rows.length, 'crew')}`}
      picture={
        <div className={classes.bar}>
          <StackedBar
            segments={[
              { name: 'scheduled', value: Math.min(scheduled, capacity), color: 'var(--fb-pine)' },
              { name: 'free', value: Math.max(0, capacity - scheduled), color: 'var(--fb-track)' },
            ]}
          />
        </div>
      }
    />
  )
}
