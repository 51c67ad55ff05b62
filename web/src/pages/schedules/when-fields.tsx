import { Chip, NumberInput, Select, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { ApiError } from '../../api/problem'
import { scheduleTimesQuery } from '../../api/queries'
import type { ScheduleWhen, Weekday } from '../../api/types'
import { capital } from '../../format/words'
import { useSession } from '../../session/context'
import classes from './schedules.module.css'
import { everyNames, inZone, isWhole, trimmed, weekdayName, weekdays, zones } from './when'

interface Props {
  when: ScheduleWhen
  zone: string
  accountZone: string
  /** What the server refused, by the field's name. */
  wrong: Record<string, string | undefined>
  onWhen: (when: ScheduleWhen) => void
  onZone: (zone: string) => void
}

/** When it comes, and where: with the next times, as the server counts them. */
export function WhenFields({ when, zone, accountZone, wrong, onWhen, onZone }: Props) {
  const data = useMemo(() => zones(accountZone), [accountZone])
  const set = (values: Partial<ScheduleWhen>) => onWhen({ ...when, ...values })
  return (
    <fieldset className={classes.fields}>
      <legend className="sr-only">When</legend>
      <div className={classes.pair}>
        <Select
          label="When"
          data={everyNames}
          value={when.every}
          onChange={value => value && set({ every: value as ScheduleWhen['every'] })}
          allowDeselect={false}
          error={wrong['when.every']}
          data-testid="schedule-every"
        />
        {when.every === 'cron' ? (
          <TextInput
            label="Cron line"
            placeholder="0 8 * * 1"
            spellCheck={false}
            autoComplete="off"
            value={when.cron ?? ''}
            onChange={event => set({ cron: event.currentTarget.value })}
            error={wrong['when.cron']}
          />
        ) : (
          <TextInput
            type="time"
            label="At"
            value={when.at ?? ''}
            onChange={event => set({ at: event.currentTarget.value })}
            error={wrong['when.at']}
          />
        )}
      </div>
      {when.every === 'week' && (
        <div>
          <Chip.Group
            multiple
            value={when.weekdays ?? []}
            onChange={days => set({ weekdays: days as Weekday[] })}
          >
            <fieldset className={classes.days} aria-label="Days of the week">
              {weekdays.map(day => (
                <Chip key={day} value={day} size="xs" aria-label={weekdayName(day)}>
                  {weekdayName(day, true)}
                </Chip>
              ))}
            </fieldset>
          </Chip.Group>
          {wrong['when.weekdays'] && <p className={classes.wrong}>{wrong['when.weekdays']}</p>}
        </div>
      )}
      {when.every === 'month' && (
        <NumberInput
          label="On day"
          description="1 to 28: every month has these."
          min={1}
          max={28}
          allowDecimal={false}
          value={when.day ?? ''}
          onChange={value => set({ day: typeof value === 'number' ? value : 0 })}
          error={wrong['when.day']}
        />
      )}
      <Select
        label="Time zone"
        data={data}
        value={zone}
        onChange={value => value && onZone(value)}
        searchable
        allowDeselect={false}
        limit={100}
        nothingFoundMessage="There is no such time zone."
        error={wrong.zone}
      />
      <Next when={when} zone={zone} />
    </fieldset>
  )
}

function Next({ when, zone }: { when: ScheduleWhen; zone: string }) {
  const [asked] = useDebouncedValue(when, 250)
  const whole = isWhole(asked)
  const next = useQuery({ ...scheduleTimesQuery(useSession(), trimmed(asked), zone), enabled: whole })
  const times = next.data?.times ?? []
  return (
    <output className={classes.next} data-testid="schedule-next">
      {!whole ? (
        'Choose when, to see its next times.'
      ) : next.isError ? (
        reasonOf(next.error)
      ) : times.length === 0 ? (
        'Looking up its next times…'
      ) : (
        <>
          <span className={classes.nextFirst}>Next: {inZone(times[0] ?? '', zone)}</span>
          <span>
            {times
              .slice(1)
              .map(time => inZone(time, zone))
              .join(' · ')}
          </span>
        </>
      )}
    </output>
  )
}

function reasonOf(error: unknown): string {
  const field = error instanceof ApiError ? error.fields[0] : undefined
  return field ? `${capital(field.message)}.` : 'Its next times cannot be shown right now.'
}
