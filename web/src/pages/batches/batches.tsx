import { Button, Skeleton } from '@mantine/core'
import { IconStack2 } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { batchesQuery } from '../../api/queries'
import type { Batch } from '../../api/types'
import { useSession } from '../../session/context'
import { Ago } from '../../ui/ago'
import { ConnectionIndicator } from '../../ui/connection'
import { Empty } from '../../ui/empty'
import { Failure } from '../../ui/failure'
import { Page } from '../../ui/page'
import { Panel } from '../../ui/panel'
import { Status } from '../../ui/status'
import classes from './batches.module.css'
import { Upload } from './upload'
import { percentDone, summary } from './words'

/** Many changes in Jobber at once: what was done, what is being done, and a file to begin with. */
export function Batches() {
  return (
    <Page title="Batches" subtitle="Many changes in Jobber at once" tools={<ConnectionIndicator />}>
      <Upload />
      <Panel title="The last 30 days">
        <List />
      </Panel>
    </Page>
  )
}

function List() {
  const list = useInfiniteQuery(batchesQuery(useSession()))
  const batches = (list.data?.pages ?? []).flatMap(page => page.items)
  if (list.isError && batches.length === 0) {
    return <Failure error={list.error} onRetry={() => void list.refetch()} />
  }
  if (list.isPending) {
    return (
      <output className={classes.waiting}>
        <span className="sr-only">Loading the batches</span>
        <Skeleton height={16} width="70%" />
        <Skeleton height={16} width="55%" />
        <Skeleton height={16} width="62%" />
      </output>
    )
  }
  if (batches.length === 0) {
    return (
      <Empty icon={IconStack2} title="No batches yet">
        Upload a file, or select clients, visits or invoices in their lists.
      </Empty>
    )
  }
  return (
    <>
      <ul>
        {batches.map(batch => (
          <Item key={batch.id} batch={batch} />
        ))}
      </ul>
      {list.hasNextPage && (
        <div className={classes.more}>
          <Button
            variant="default"
            size="xs"
            loading={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
          >
            Show earlier
          </Button>
        </div>
      )}
    </>
  )
}

function Item({ batch }: { batch: Batch }) {
  return (
    <li className={classes.item} data-testid="batch">
      <Link to="/batches/$id" params={{ id: batch.id }} className={classes.name} preload={false}>
        {batch.title}
      </Link>
      <span className={classes.state}>
        <Status
          value={batch.state}
          {...(batch.state === 'running' ? { label: `Running, ${percentDone(batch.counts)} %` } : {})}
        />
      </span>
      <span className={classes.context}>
        {[batch.byName, summary(batch.counts)].filter(Boolean).join(' · ')}
      </span>
      <span className={classes.when}>
        <Ago time={batch.createdAt} />
      </span>
    </li>
  )
}
