import type { ScheduleWhen, Weekday } from '../../api/types'

export const weekdays: Weekday[] = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
]

export const everyNames: { value: ScheduleWhen['every']; label: string }[] = [
  { value: 'day', label: 'Every day' },
  { value: 'weekday', label: 'Every weekday' },
  { value: 'week', label: 'Every week' },
  { value: 'month', label: 'Every month' },
  { value: 'cron', label: 'A cron line' },
]

// 1 January 2024 was a Monday.
const dayName = (day: Weekday, style: 'long' | 'short') =>
  new Intl.DateTimeFormat(undefined, { weekday: style, timeZone: 'UTC' }).format(
    Date.UTC(2024, 0, 1 + weekdays.indexOf(day)),
  )

/** `Monday`, or `Mon` when short. */
export function weekdayName(day: Weekday, short = false): string {
  return dayName(day, short ? 'short' : 'long')
}

/** When it comes, as a person says it: `Every Monday and Friday at 8:00 AM`. */
export function inWords(when: ScheduleWhen): string {
  const at = when.at ? ` at ${timeOfDay(when.at)}` : ''
  switch (when.every) {
    case 'day':
      return `Every day${at}`
    case 'weekday':
      return `Every weekday${at}`
    case 'week': {
      const days = weekdays.filter(day => when.weekdays?.includes(day))
      const names = days.map(day => weekdayName(day, days.length > 2))
      return `Every ${new Intl.ListFormat('en').format(names)}${at}`
    }
    case 'month':
      return `On day ${when.day} of every month${at}`
    case 'cron':
      return `By the cron line ${when.cron}`
  }
}

function timeOfDay(at: string): string {
  return new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit', timeZone: 'UTC' }).format(
    new Date(`2024-01-01T${at}:00Z`),
  )
}

/** An instant on the clock of a zone, which it names: `Mon, Nov 30, 8:00 AM MST`. */
export function inZone(instant: string, zone: string): string {
  return new Intl.DateTimeFormat(undefined, {
    weekday: 'short',
    month: 'short',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZone: zone,
    timeZoneName: 'short',
  }).format(new Date(instant))
}

/** Only what the choice needs: the others are refused. */
export function trimmed(when: ScheduleWhen): ScheduleWhen {
  const { every, at, day, cron } = when
  switch (every) {
    case 'week':
      return {
        every,
        weekdays: weekdays.filter(name => when.weekdays?.includes(name)),
        ...(at ? { at } : {}),
      }
    case 'month':
      return { every, ...(day ? { day } : {}), ...(at ? { at } : {}) }
    case 'cron':
      return { every, cron: (cron ?? '').trim() }
    default:
      return { every, ...(at ? { at } : {}) }
  }
}

/** Whether enough is there to ask when it comes. */
export function isWhole(when: ScheduleWhen): boolean {
  switch (when.every) {
    case 'week':
      return Boolean(when.at && when.weekdays?.length)
    case 'month':
      return Boolean(when.at && when.day)
    case 'cron':
      return Boolean(when.cron?.trim())
    default:
      return Boolean(when.at)
  }
}

/** The zones that the browser knows, the account's first. */
export function zones(first: string): string[] {
  return [first, ...Intl.supportedValuesOf('timeZone').filter(zone => zone !== first)]
}
