import { Drawer, Skeleton } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { taskQuery } from '../../api/queries'
import { useSession } from '../../session/context'
import { Failure } from '../../ui/failure'
import drawer from '../records/detail.module.css'
import { TaskDetails } from './task-details'
import { taskName } from './words'

const route = getRouteApi('/signed-in/operations/$id')

/** One task with all that is known of it, over the list. */
export function TaskDrawer() {
  const { id } = route.useParams()
  const navigate = route.useNavigate()
  const narrow = useMediaQuery('(max-width: 47.99em)', undefined, { getInitialValueInEffect: false })
  const task = useQuery(taskQuery(useSession(), id))
  // Something is asked or being written, which a stray key or click must not take away.
  const [held, setHeld] = useState(false)
  const close = () => void navigate({ to: '/operations', search: known => known, resetScroll: false })

  return (
    <Drawer
      opened
      onClose={close}
      position="right"
      size={narrow ? '100%' : 560}
      padding={0}
      closeOnEscape={!held}
      closeOnClickOutside={!held}
      overlayProps={{ backgroundOpacity: 0.2 }}
      title={
        <span className={drawer.head}>
          <span className={drawer.kind}>{task.data?.title ? task.data.kindTitle : 'Task'}</span>
          <span className={drawer.name}>
            {task.data ? taskName(task.data) : task.isError ? '' : 'Loading…'}
          </span>
        </span>
      }
      closeButtonProps={{ 'aria-label': 'Close' }}
      classNames={{ header: drawer.header, title: drawer.title, body: drawer.body }}
      transitionProps={{ duration: 150 }}
    >
      {task.data ? (
        <TaskDetails key={id} task={task.data} onHold={setHeld} />
      ) : task.isError ? (
        <Failure
          error={task.error}
          onRetry={() => void task.refetch()}
          gone="It may have been forgotten: a task is kept for a while after its end."
        />
      ) : (
        <div className={drawer.waiting} aria-hidden>
          <Skeleton height={24} width={96} />
          <Skeleton height={16} />
          <Skeleton height={16} width="80%" />
          <Skeleton height={16} width="90%" />
          <Skeleton height={16} width="70%" />
        </div>
      )}
    </Drawer>
  )
}
