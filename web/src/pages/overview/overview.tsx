import { SegmentedControl } from '@mantine/core'
import { IconPlugConnected } from '@tabler/icons-react'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { summaryQuery } from '../../api/queries'
import type { Freshness, PeriodName, Summary } from '../../api/types'
import { longDay, zoneName } from '../../format/time'
import { useFormat } from '../../format/use-format'
import { usePushedSummary } from '../../live/pushed-summary'
import { useCan, useIdentity, useSession } from '../../session/context'
import { ConnectionIndicator } from '../../ui/connection'
import { Empty } from '../../ui/empty'
import { Failure } from '../../ui/failure'
import { ButtonLink } from '../../ui/link'
import { useNow } from '../../ui/now'
import { Page } from '../../ui/page'
import { Activity } from './activity'
import { AsOf } from './as-of'
import { CopyBanner } from './copy-banner'
import { Crews } from './crews'
import { Kpis } from './kpis'
import classes from './overview.module.css'
import { periods } from './period'
import { Pipeline } from './pipeline'
import { ReceivablesPanel } from './receivables'
import { OverviewSkeleton } from './skeleton'
import { TrendPanel } from './trend'
import { Visits } from './visits'

const route = getRouteApi('/signed-in/')

export function Overview() {
  const period = route.useSearch().period ?? '30d'
  const navigate = route.useNavigate()
  const session = useSession()
  const { account } = useIdentity()
  const can = useCan()
  const format = useFormat()
  usePushedSummary(period)
  const summary = useQuery({ ...summaryQuery(session, period), placeholderData: keepPreviousData })
  const today = format.day(new Date(useNow()))

  return (
    <Page
      title="Overview"
      subtitle={`${longDay(today)} · ${zoneName(account.timeZone)}`}
      tools={
        <>
          <div className={classes.status}>
            <ConnectionIndicator />
            {summary.data && <AsOf freshness={summary.data.asOf} />}
          </div>
          <SegmentedControl
            className={classes.periods}
            aria-label="Period"
            data={periods}
            value={period}
            onChange={value => void navigate({ search: { period: value as PeriodName }, replace: true })}
            size="xs"
            withItemsBorders={false}
          />
        </>
      }
    >
      {summary.data ? (
        <>
          {!isEmpty(summary.data.asOf) && (
            <CopyBanner freshness={summary.data.asOf} refreshFailed={summary.isError} />
          )}
          {isEmpty(summary.data.asOf) ? (
            <NotConnected />
          ) : (
            <Figures summary={summary.data} waiting={summary.isPlaceholderData} />
          )}
        </>
      ) : summary.isError ? (
        <Failure error={summary.error} onRetry={() => void summary.refetch()} />
      ) : (
        <OverviewSkeleton finance={can('finance:read')} activity={can('record:read')} />
      )}
    </Page>
  )
}

function Figures({ summary, waiting }: { summary: Summary; waiting: boolean }) {
  const { revenue, collected, receivables } = summary
  const can = useCan()
  return (
    <div className={classes.figures} data-waiting={waiting || undefined} aria-busy={waiting}>
      <Kpis summary={summary} />
      <div className={classes.grid}>
        {revenue && collected && (
          <TrendPanel revenue={revenue} collected={collected} period={summary.period} />
        )}
        {receivables && <ReceivablesPanel receivables={receivables} />}
        <Visits today={summary.visitsToday} wide={!can('record:read')} />
        {can('record:read') && <Activity />}
        <Pipeline pipeline={summary.pipeline} />
        <Crews rows={summary.crewUtilisation} period={summary.period} />
      </div>
    </div>
  )
}

/** Nothing was ever copied: zeros would look like a business without work. */
function isEmpty({ state, sources }: Freshness): boolean {
  return state === 'disconnected' && sources.every(source => source.records === 0 && source.copied === 0)
}

function NotConnected() {
  const can = useCan()
  return (
    <Empty
      icon={IconPlugConnected}
      title="Connect Jobber to see your business"
      action={can('jobber:connect') && <ButtonLink to="/connect">Go to the connection</ButtonLink>}
    >
      {can('jobber:connect')
        ? 'Fieldboard copies your clients, jobs, visits and invoices, and follows every change from then on.'
        : 'The owner of your account has not connected Jobber yet.'}
    </Empty>
  )
}
