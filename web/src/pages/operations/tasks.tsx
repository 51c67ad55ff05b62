import { Button, CloseButton, SegmentedControl, Select } from '@mantine/core'
import { IconListCheck, IconSearchOff } from '@tabler/icons-react'
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { taskKindsQuery, tasksQuery } from '../../api/queries'
import { plural } from '../../format/number'
import { useIdentity, useSession } from '../../session/context'
import { Empty } from '../../ui/empty'
import { Failure } from '../../ui/failure'
import { Panel } from '../../ui/panel'
import { Waiting } from '../settings/waiting'
import type { OperationsSearch } from './search'
import { states } from './search'
import { TaskRow } from './task-row'
import classes from './tasks.module.css'

const route = getRouteApi('/signed-in/operations')

/** The tasks that the filters let through, the newest first. */
export function Tasks({ behind }: { behind: boolean }) {
  const asked = route.useSearch()
  const navigate = useNavigate()
  const session = useSession()
  const { member } = useIdentity()
  const filter = {
    kind: asked.kind,
    state: asked.state,
    parent: asked.parent,
    by: asked.mine ? member.id : undefined,
  }
  const list = useInfiniteQuery({
    ...tasksQuery(session, filter, behind),
    placeholderData: keepPreviousData,
  })
  const tasks = list.data?.pages.flatMap(page => page.items) ?? []
  const show = (search: OperationsSearch) =>
    void navigate({ to: '/operations', search, replace: true, resetScroll: false })
  const filtered = Boolean(asked.kind || asked.state || asked.mine || asked.parent)

  return (
    <Panel title="Tasks">
      <Filters asked={asked} onChange={change => show({ ...asked, ...change })} behind={behind} />
      {list.isPending ? (
        <Waiting what="the tasks" rows={8} />
      ) : list.isError && tasks.length === 0 ? (
        <Failure error={list.error} onRetry={() => void list.refetch()} />
      ) : tasks.length > 0 ? (
        <ul
          className={classes.rows}
          aria-label="Tasks"
          aria-busy={list.isPlaceholderData}
          data-waiting={list.isPlaceholderData || undefined}
        >
          {tasks.map(task => (
            <TaskRow key={task.id} task={task} self={member.id} />
          ))}
        </ul>
      ) : filtered ? (
        <Empty
          icon={IconSearchOff}
          title="No tasks like that"
          action={
            <Button variant="default" onClick={() => show({})}>
              Clear the filters
            </Button>
          }
        />
      ) : (
        <Empty icon={IconListCheck} title="No tasks yet">
          What is worked on in the background shows here, and stays for a while after it is done.
        </Empty>
      )}
      {tasks.length > 0 && (
        <div className={classes.foot}>
          <span role="status">
            {list.hasNextPage ? `The newest ${plural(tasks.length, 'task')}` : plural(tasks.length, 'task')}
          </span>
          {list.isFetchNextPageError && <span role="alert">More could not be loaded.</span>}
          {list.hasNextPage && (
            <Button
              variant="default"
              size="xs"
              loading={list.isFetchingNextPage}
              onClick={() => void list.fetchNextPage()}
            >
              More
            </Button>
          )}
        </div>
      )}
    </Panel>
  )
}

function Filters({
  asked,
  onChange,
  behind,
}: {
  asked: OperationsSearch
  onChange: (change: OperationsSearch) => void
  behind: boolean
}) {
  const kinds = useQuery(taskKindsQuery(useSession(), behind)).data ?? []
  const choices = kinds.map(({ kind, title }) => ({ value: kind, label: title }))
  // One that an address names and that there is no longer.
  if (asked.kind && !kinds.some(({ kind }) => kind === asked.kind)) {
    choices.push({ value: asked.kind, label: asked.kind })
  }
  return (
    <search className={classes.filters}>
      <Select
        aria-label="Kind"
        className={classes.select}
        data={[{ value: '', label: 'Any kind' }, ...choices]}
        value={asked.kind ?? ''}
        onChange={value => onChange({ kind: value || undefined })}
        allowDeselect={false}
      />
      <Select
        aria-label="State"
        className={classes.select}
        data={states}
        value={asked.state ?? ''}
        onChange={value =>
          onChange({ state: states.find(state => state.value === value)?.value || undefined })
        }
        allowDeselect={false}
      />
      <SegmentedControl
        aria-label="Whose"
        size="xs"
        data={[
          { value: 'all', label: 'All' },
          { value: 'mine', label: 'Mine' },
        ]}
        value={asked.mine ? 'mine' : 'all'}
        onChange={value => onChange({ mine: value === 'mine' ? 'yes' : undefined })}
      />
      {asked.parent && (
        <span className={classes.pill}>
          Parts of one task
          <CloseButton
            size="xs"
            aria-label="Show all tasks"
            onClick={() => onChange({ parent: undefined })}
          />
        </span>
      )}
    </search>
  )
}
