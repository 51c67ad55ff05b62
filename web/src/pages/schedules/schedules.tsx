import { Button } from '@mantine/core'
import { IconCalendarRepeat, IconPlus } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { sentenceOf } from '../../api/problem'
import { keys, schedulesQuery } from '../../api/queries'
import type { Schedule } from '../../api/types'
import { useCan, useSession } from '../../session/context'
import { ConnectionIndicator } from '../../ui/connection'
import { Confirm, Dialog } from '../../ui/dialog'
import { Empty } from '../../ui/empty'
import { Failure } from '../../ui/failure'
import { Page } from '../../ui/page'
import { Panel } from '../../ui/panel'
import { tellDone } from '../../ui/toast'
import rows from '../settings/rows.module.css'
import { Waiting } from '../settings/waiting'
import { History } from './history'
import { ScheduleForm } from './schedule-form'
import { menuId, ScheduleRow } from './schedule-row'
import { choicesQuery, orderWords } from './what'

type Step = { name: 'create' } | { name: 'edit' | 'history' | 'delete'; schedule: Schedule }

/** The page of what is done by the calendar. */
export function Schedules() {
  return (
    <Page title="Schedules" tools={<ConnectionIndicator />}>
      <SchedulesPanel />
    </Page>
  )
}

/** What is done by the calendar, as one panel of a page. */
export function SchedulesPanel() {
  const session = useSession()
  const list = useQuery(schedulesQuery(session))
  const manage = useCan()('schedule:manage')
  const choices = useQuery(choicesQuery(session)).data
  const [step, setStep] = useState<Step & { opened: boolean }>()
  const close = () => step && setStep({ ...step, opened: false })
  const create = manage && (
    <Button
      id="create-schedule"
      size={list.data?.length ? 'xs' : 'sm'}
      leftSection={<IconPlus size={16} stroke={1.8} aria-hidden />}
      onClick={() => setStep({ name: 'create', opened: true })}
    >
      Create a schedule
    </Button>
  )

  return (
    <>
      <Panel title="By the calendar" aside={Boolean(list.data?.length) && create}>
        {list.data ? (
          list.data.length > 0 ? (
            <ul className={rows.rows} aria-label="Schedules">
              {list.data.map(schedule => (
                <ScheduleRow
                  key={schedule.id}
                  schedule={schedule}
                  what={orderWords(schedule.order, choices)}
                  onEdit={() => setStep({ name: 'edit', schedule, opened: true })}
                  onHistory={() => setStep({ name: 'history', schedule, opened: true })}
                  onDelete={() => setStep({ name: 'delete', schedule, opened: true })}
                />
              ))}
            </ul>
          ) : (
            <Empty icon={IconCalendarRepeat} title="Nothing is done by the calendar yet" action={create}>
              Have a report made when you need it: revenue every Monday at 8, to those who look at it. It
              comes at that time of day in its own time zone, in winter and in summer.
            </Empty>
          )
        ) : list.isError ? (
          <Failure error={list.error} onRetry={() => void list.refetch()} />
        ) : (
          <Waiting what="the schedules" rows={3} />
        )}
      </Panel>
      {step && step.name !== 'delete' && (
        <Dialog
          opened={step.opened}
          onClose={close}
          title={titleOf(step)}
          size={520}
          returnTo={step.name === 'create' ? ['create-schedule'] : [menuId(step.schedule), 'create-schedule']}
        >
          {step.name === 'history' ? (
            <History schedule={step.schedule} />
          ) : (
            <ScheduleForm
              key={step.name === 'edit' ? step.schedule.id : 'new'}
              schedule={step.name === 'edit' ? step.schedule : undefined}
              onCancel={close}
              onDone={close}
            />
          )}
        </Dialog>
      )}
      {step?.name === 'delete' && (
        <DeleteDialog key={step.schedule.id} schedule={step.schedule} opened={step.opened} onClose={close} />
      )}
    </>
  )
}

function titleOf(step: Step): string {
  switch (step.name) {
    case 'create':
      return 'Create a schedule'
    case 'edit':
      return `Change ${step.schedule.name}`
    default:
      return `Latest runs of ${step.schedule.name}`
  }
}

function DeleteDialog({
  schedule,
  opened,
  onClose,
}: {
  schedule: Schedule
  opened: boolean
  onClose: () => void
}) {
  const session = useSession()
  const queries = useQueryClient()
  const remove = useMutation({
    mutationFn: () =>
      session.fetch(`/api/v1/schedules/${encodeURIComponent(schedule.id)}`, { method: 'DELETE' }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: keys.schedules })
      onClose()
      tellDone(`${schedule.name} was deleted.`)
    },
  })
  return (
    <Confirm
      opened={opened}
      onClose={onClose}
      returnTo={[menuId(schedule), 'create-schedule']}
      title={`Delete ${schedule.name}?`}
      confirm="Delete"
      busy={remove.isPending}
      failure={remove.isError ? sentenceOf(remove.error) : undefined}
      onConfirm={() => remove.mutate()}
    >
      <p>It does not come again. What it has made already stays.</p>
    </Confirm>
  )
}
