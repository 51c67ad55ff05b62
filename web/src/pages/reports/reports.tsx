import { Button } from '@mantine/core'
import { IconLock, IconReportAnalytics } from '@tabler/icons-react'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { reportKindsQuery, reportsQuery } from '../../api/queries'
import { useCan, useSession } from '../../session/context'
import { ConnectionIndicator } from '../../ui/connection'
import { Empty } from '../../ui/empty'
import { Failure } from '../../ui/failure'
import { Page } from '../../ui/page'
import { Panel } from '../../ui/panel'
import rows from '../settings/rows.module.css'
import { Waiting } from '../settings/waiting'
import { OrderForm } from './order'
import { ReportRow } from './report-row'
import classes from './reports.module.css'

/** Makes reports, and gives their files. */
export function Reports() {
  const can = useCan()
  return (
    <Page
      title="Reports"
      subtitle="The same figures as on the overview, as a file. It is kept for 30 days."
      tools={<ConnectionIndicator />}
    >
      {can('report:read') ? (
        <>
          {can('report:make') && <Order />}
          <Made />
        </>
      ) : (
        <Empty icon={IconLock} title="Not open to your role">
          Ask the owner of your account if you need this.
        </Empty>
      )}
    </Page>
  )
}

function Order() {
  const kinds = useQuery(reportKindsQuery(useSession()))
  return (
    <Panel title="New report">
      {kinds.isPending && <Waiting rows={2} what="reports" />}
      {kinds.error && <Failure error={kinds.error} onRetry={() => void kinds.refetch()} />}
      {kinds.data && <OrderForm kinds={kinds.data} />}
    </Panel>
  )
}

function Made() {
  const found = useInfiniteQuery(reportsQuery(useSession()))
  const reports = found.data?.pages.flatMap(page => page.items) ?? []
  return (
    <Panel title="Made">
      {found.isPending && <Waiting rows={3} what="reports" />}
      {found.error && !found.data && <Failure error={found.error} onRetry={() => void found.refetch()} />}
      {found.data && reports.length === 0 && (
        <Empty icon={IconReportAnalytics} title="No reports yet">
          A report that is made appears here. The audit log has its own export, with proofs, under Settings.
        </Empty>
      )}
      {reports.length > 0 && (
        <ul className={rows.rows} aria-label="Reports">
          {reports.map(report => (
            <ReportRow key={report.id} report={report} />
          ))}
        </ul>
      )}
      {found.hasNextPage && (
        <div className={classes.foot}>
          <Button
            variant="default"
            size="xs"
            loading={found.isFetchingNextPage}
            onClick={() => void found.fetchNextPage()}
          >
            Show more
          </Button>
        </div>
      )}
    </Panel>
  )
}
