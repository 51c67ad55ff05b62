import { Button, Skeleton } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconListSearch, IconSearchOff } from '@tabler/icons-react'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { type ListFilter, listQuery } from '../../api/queries'
import type { Collection, RecordTypes } from '../../api/types'
import { plural } from '../../format/number'
import { nounOf } from '../../format/words'
import { useCan, useScope, useSession } from '../../session/context'
import { Empty } from '../../ui/empty'
import { Failure } from '../../ui/failure'
import { RecordCards } from './record-cards'
import classes from './record-list.module.css'
import { RecordTable } from './record-table'
import { actionsFor, useSelection } from './selection'
import { SelectionBar } from './selection-bar'
import { anySpecOf } from './specs'

interface Props {
  collection: Collection
  filter: ListFilter
  /** Whether a search or a filter may be why nothing is found. */
  filtered: boolean
  onSort?: ((sort: string) => void) | undefined
  onClear: () => void
}

export function RecordList({ collection, filter, filtered, onSort, onClear }: Props) {
  const session = useSession()
  const can = useCan()
  const finance = can('finance:read')
  const selection = useSelection(JSON.stringify([collection, filter]))
  const selectable = can('batch:run') && actionsFor(collection).length > 0
  const narrowed = useScope()('record:read') === 'team'
  const narrow = useMediaQuery('(max-width: 47.99em)', undefined, { getInitialValueInEffect: false })
  const list = useInfiniteQuery({
    ...listQuery(session, collection, filter),
    placeholderData: keepPreviousData,
  })
  const spec = anySpecOf(collection)
  const noun = nounOf(collection)
  const records = (list.data?.pages ?? []).flatMap(page => page.items) as RecordTypes[typeof collection][]

  // A filter by the clock can leave a page empty while later ones are not.
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = list
  const searching = records.length === 0 && hasNextPage && !isFetchNextPageError
  useEffect(() => {
    if (searching && !isFetchingNextPage) void fetchNextPage()
  }, [searching, isFetchingNextPage, fetchNextPage])

  if (list.isError && records.length === 0) {
    return (
      <div className={classes.box}>
        <Failure error={list.error} onRetry={() => void list.refetch()} />
      </div>
    )
  }
  if (list.isPending || searching) return <Waiting />
  if (records.length === 0) {
    return (
      <div className={classes.box}>
        {filtered ? (
          <Empty
            icon={IconSearchOff}
            title={`No ${noun.many} match`}
            action={
              <Button variant="default" onClick={onClear}>
                Clear the filters
              </Button>
            }
          />
        ) : (
          <Empty icon={IconListSearch} title={spec.emptyTitle ?? `No ${noun.many} yet`}>
            {narrowed
              ? 'Your sign-in is not linked to a person in Jobber yet, or your team has no visits on these days.'
              : spec.empty}
          </Empty>
        )}
      </div>
    )
  }

  const View = narrow ? RecordCards : RecordTable
  return (
    <div
      className={classes.box}
      data-waiting={list.isPlaceholderData || undefined}
      aria-busy={list.isFetching}
    >
      <View
        collection={collection}
        records={records}
        finance={finance}
        sort={filter.sort ?? ''}
        onSort={onSort}
        selection={selectable ? selection : undefined}
      />
      {selectable && selection.ids.length > 0 && (
        <SelectionBar collection={collection} selection={selection} />
      )}
      <div className={classes.foot}>
        <span role="status">
          {list.hasNextPage
            ? `The first ${plural(records.length, noun.one, noun.many)}`
            : plural(records.length, noun.one, noun.many)}
        </span>
        {list.isFetchNextPageError && <span role="alert">More could not be loaded.</span>}
        {list.hasNextPage && (
          <Button
            variant="default"
            size="xs"
            loading={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
            data-testid="load-more"
          >
            Load more
          </Button>
        )}
      </div>
    </div>
  )
}

function Waiting() {
  return (
    <output className={classes.box}>
      <span className="sr-only">Loading the list</span>
      <div className={classes.waiting} aria-hidden>
        {Array.from({ length: 12 }, (_, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the rows are alike and never move
          <Skeleton key={i} height={16} width={`${92 - ((i * 7) % 20)}%`} />
        ))}
      </div>
    </output>
  )
}
