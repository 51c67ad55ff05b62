import { Alert, Button, Progress, SegmentedControl, Select, Skeleton } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconDownload, IconPlayerPlay, IconPlayerStop, IconRefresh, IconTrash } from '@tabler/icons-react'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { sentenceOf } from '../../api/problem'
import { batchesQuery, batchQuery, batchRowsQuery, keys } from '../../api/queries'
import type { Batch, BatchRow, BatchRowState } from '../../api/types'
import { count, plural } from '../../format/number'
import { useSession } from '../../session/context'
import { Ago } from '../../ui/ago'
import { ConnectionIndicator } from '../../ui/connection'
import { Confirm } from '../../ui/dialog'
import { Empty } from '../../ui/empty'
import { Failure } from '../../ui/failure'
import { ButtonLink } from '../../ui/link'
import { Page } from '../../ui/page'
import { Panel } from '../../ui/panel'
import { Status } from '../../ui/status'
import { tellFailed } from '../../ui/toast'
import classes from './batches.module.css'
import { Rows } from './rows'
import { save } from './save'
import { percentDone, rowStateName, rowStates, summary } from './words'

const route = getRouteApi('/signed-in/batches/$id')

/** One batch: what each row will do, and, once it is started, what became of it. */
export function BatchPage() {
  const { id } = route.useParams()
  const batch = useQuery(batchQuery(useSession(), id))
  return (
    <Page
      title={batch.data?.title ?? 'Batch'}
      subtitle={batch.data && <Made batch={batch.data} />}
      tools={
        <>
          <ButtonLink to="/batches" variant="subtle" color="gray" size="xs">
            All batches
          </ButtonLink>
          <ConnectionIndicator />
        </>
      }
    >
      {batch.isPending && <Skeleton height={96} radius={8} />}
      {batch.isError && !batch.data && <Failure error={batch.error} onRetry={() => void batch.refetch()} />}
      {batch.data && (
        <>
          <Standing batch={batch.data} />
          <RowsPanel batch={batch.data} />
        </>
      )}
    </Page>
  )
}

function Made({ batch }: { batch: Batch }) {
  return (
    <>
      {[batch.byName, batch.encoding].filter(Boolean).map(text => `${text} · `)}
      <Ago time={batch.createdAt} />
    </>
  )
}

/** How it stands, and what can be done about it. */
function Standing({ batch }: { batch: Batch }) {
  const { counts, state } = batch
  const running = state === 'running'
  const ended = counts.done + counts.failed + counts.unsure
  return (
    <Panel title={titles[state]} aside={<Status value={state} />}>
      <div className={classes.standing}>
        {state === 'draft' ? (
          <p>
            {counts.pending > 0
              ? `Nothing has been changed in Jobber yet. Starting it changes ${plural(counts.pending, 'record')}.`
              : 'There is nothing to do.'}
          </p>
        ) : (
          <>
            <Progress
              value={percentDone(counts)}
              animated={running}
              aria-label={`${percentDone(counts)} % done`}
              color={counts.failed + counts.unsure > 0 ? 'orange' : 'pine'}
            />
            <p role="status" data-testid="progress">
              {`${count(ended)} of ${plural(ended + counts.pending, 'row')}: ${summary(counts)}`}
            </p>
          </>
        )}
        {batch.reason && (
          <Alert color="orange" variant="light" className={classes.reason}>
            {batch.reason}
          </Alert>
        )}
        {batch.ignored.length > 0 && (
          <p className={classes.note}>Columns that are left out: {batch.ignored.join(', ')}</p>
        )}
        {counts.unsure > 0 && (
          <p className={classes.note}>
            Unsure rows may have been done, and it could not be found out. Trying them again looks in Jobber
            first.
          </p>
        )}
        <Actions batch={batch} />
      </div>
    </Panel>
  )
}

const titles: Record<Batch['state'], string> = {
  draft: 'Preview',
  running: 'In progress',
  stopped: 'Stopped',
  finished: 'Finished',
}

type Deed = 'start' | 'stop' | 'retry'

function Actions({ batch }: { batch: Batch }) {
  const session = useSession()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const [asking, setAsking] = useState<'start' | 'discard'>()
  const path = `/api/v1/batches/${encodeURIComponent(batch.id)}`
  const act = useMutation({
    mutationFn: (deed: Deed) => session.fetch<Batch>(`${path}/${deed}`, { method: 'POST' }),
    onSuccess: next => {
      setAsking(undefined)
      queries.setQueryData(batchQuery(session, batch.id).queryKey, next)
    },
    onError: (error, deed) => {
      if (deed !== 'start' || !asking) tellFailed('That did not work', error)
    },
    onSettled: () => queries.invalidateQueries({ queryKey: keys.batch(batch.id) }),
  })
  const discard = useMutation({
    mutationFn: () => session.fetch<void>(path, { method: 'DELETE' }),
    onSuccess: async () => {
      await navigate({ to: '/batches' })
      queries.removeQueries({ queryKey: keys.batch(batch.id) })
      await queries.invalidateQueries({ queryKey: batchesQuery(session).queryKey })
    },
  })
  const download = useMutation({
    mutationFn: () => session.fetch<Blob>(`${path}/results`, { as: 'file' }),
    onSuccess: file => save(file, `batch-${batch.createdAt.slice(0, 10)}.csv`),
    onError: error => tellFailed('The results could not be fetched', error),
  })
  const { counts, state } = batch
  const busy = (deed: Deed) => act.isPending && act.variables === deed
  const icon = { size: 16, 'aria-hidden': true }
  const again = counts.failed + counts.unsure
  return (
    <div className={classes.actions}>
      {state === 'draft' && counts.pending > 0 && (
        <Button leftSection={<IconPlayerPlay {...icon} />} onClick={() => setAsking('start')}>
          Start
        </Button>
      )}
      {state === 'running' && (
        <Button
          variant="default"
          leftSection={<IconPlayerStop {...icon} />}
          loading={busy('stop')}
          onClick={() => act.mutate('stop')}
        >
          Stop
        </Button>
      )}
      {state === 'stopped' && counts.pending > 0 && (
        <Button
          leftSection={<IconPlayerPlay {...icon} />}
          loading={busy('start')}
          onClick={() => act.mutate('start')}
        >
          Resume
        </Button>
      )}
      {(state === 'stopped' || state === 'finished') && again > 0 && (
        <Button
          variant="default"
          leftSection={<IconRefresh {...icon} />}
          loading={busy('retry')}
          onClick={() => act.mutate('retry')}
        >
          {`Try ${plural(again, 'row')} again`}
        </Button>
      )}
      {state !== 'draft' && (
        <Button
          variant="default"
          leftSection={<IconDownload {...icon} />}
          loading={download.isPending}
          onClick={() => download.mutate()}
        >
          Results as CSV
        </Button>
      )}
      {state !== 'running' && (
        <Button
          variant="subtle"
          color="gray"
          leftSection={<IconTrash {...icon} />}
          onClick={() => setAsking('discard')}
        >
          {state === 'draft' ? 'Discard' : 'Remove'}
        </Button>
      )}
      <Confirm
        opened={asking === 'start'}
        onClose={() => setAsking(undefined)}
        title={batch.title}
        confirm="Start"
        busy={busy('start')}
        failure={act.error ? sentenceOf(act.error) : undefined}
        onConfirm={() => act.mutate('start')}
      >
        {`This changes ${plural(counts.pending, 'record')} in Jobber. You can stop it, but what is done stays done.`}
      </Confirm>
      <Confirm
        opened={asking === 'discard'}
        onClose={() => setAsking(undefined)}
        title={state === 'draft' ? 'Discard this draft' : 'Remove this batch'}
        confirm={state === 'draft' ? 'Discard' : 'Remove'}
        busy={discard.isPending}
        failure={discard.error ? sentenceOf(discard.error) : undefined}
        onConfirm={() => discard.mutate()}
      >
        {state === 'draft'
          ? 'Nothing of it was done.'
          : 'It is no longer listed, with its results. What it did in Jobber stays done.'}
      </Confirm>
    </div>
  )
}

function RowsPanel({ batch }: { batch: Batch }) {
  const [state, setState] = useState<BatchRowState | 'all'>('all')
  const narrow = useMediaQuery('(max-width: 47.99em)', undefined, { getInitialValueInEffect: false })
  const running = batch.state === 'running'
  const list = useInfiniteQuery(
    batchRowsQuery(useSession(), batch.id, state === 'all' ? undefined : state, running),
  )
  const rows: BatchRow[] = (list.data?.pages ?? []).flatMap(page => page.items)
  const choices = [
    { value: 'all', label: `All ${count(batch.counts.total)}` },
    ...rowStates
      .filter(one => one.count(batch.counts) > 0 || one.state === state)
      .map(one => ({ value: one.state, label: `${one.name} ${count(one.count(batch.counts))}` })),
  ]
  const choose = (value: string | null) => setState((value ?? 'all') as BatchRowState | 'all')
  return (
    <Panel
      title="Rows"
      aside={
        narrow ? (
          <Select
            aria-label="Rows that are shown"
            size="xs"
            data={choices}
            value={state}
            onChange={choose}
            allowDeselect={false}
          />
        ) : (
          <SegmentedControl
            size="xs"
            data={choices}
            value={state}
            onChange={choose}
            aria-label="Rows that are shown"
          />
        )
      }
    >
      {list.isError && rows.length === 0 ? (
        <Failure error={list.error} onRetry={() => void list.refetch()} />
      ) : list.isPending ? (
        <div className={classes.waiting}>
          <Skeleton height={16} width="80%" />
          <Skeleton height={16} width="72%" />
          <Skeleton height={16} width="77%" />
        </div>
      ) : rows.length === 0 ? (
        <Empty
          icon={IconRefresh}
          title={state === 'all' ? 'No rows' : `No row is ${rowStateName(state).toLowerCase()}`}
        />
      ) : (
        <Rows batch={batch} rows={rows} />
      )}
      {list.hasNextPage && (
        <div className={classes.more}>
          <Button
            variant="default"
            size="xs"
            loading={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
          >
            Load more
          </Button>
        </div>
      )}
    </Panel>
  )
}
