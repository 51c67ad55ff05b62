import { plural } from './number'

const dayMs = 86_400_000
const formats = new Map<string, Intl.DateTimeFormat>()

function format(timeZone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${timeZone}/${JSON.stringify(options)}`
  const known = formats.get(key)
  if (known) return known
  const made = new Intl.DateTimeFormat(undefined, { timeZone, ...options })
  formats.set(key, made)
  return made
}

/** The day (`2006-01-02`) of an instant in a time zone. */
export function dayOf(instant: Date | string, timeZone: string): string {
  return new Intl.DateTimeFormat('en-CA', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  }).format(new Date(instant))
}

export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * dayMs).toISOString().slice(0, 10)
}

/** A calendar day has no time zone of its own: it is formatted as midnight UTC, in UTC. */
function ofDay(day: string, options: Intl.DateTimeFormatOptions): string {
  return format('UTC', options).format(new Date(`${day.slice(0, 10)}T00:00:00Z`))
}

/** `Nov 24`. */
export function shortDay(day: string): string {
  return ofDay(day, { month: 'short', day: 'numeric' })
}

/** `Nov 24, 2026`. */
export function fullDay(day: string): string {
  return ofDay(day, { year: 'numeric', month: 'short', day: 'numeric' })
}

/** `Tue, Nov 24`. */
export function weekDay(day: string): string {
  return ofDay(day, { weekday: 'short', month: 'short', day: 'numeric' })
}

/** `Tuesday, November 24`. */
export function longDay(day: string): string {
  return ofDay(day, { weekday: 'long', month: 'long', day: 'numeric' })
}

/** `November`, or `Nov` when short. */
export function monthName(day: string, short = false): string {
  return ofDay(day, { month: short ? 'short' : 'long' })
}

/** `Nov 1 – 24`: a span of days, inclusive. */
export function daySpan(from: string, to: string): string {
  if (from === to) return shortDay(from)
  const sameYear = from.slice(0, 4) === to.slice(0, 4)
  return format('UTC', {
    month: 'short',
    day: 'numeric',
    ...(sameYear ? {} : { year: 'numeric' }),
  }).formatRange(new Date(`${from}T00:00:00Z`), new Date(`${to}T00:00:00Z`))
}

/** `10:42 AM`. */
export function clockTime(instant: string, timeZone: string): string {
  return format(timeZone, { hour: 'numeric', minute: '2-digit' }).format(new Date(instant))
}

/** `10:42:07 AM`. */
export function clockSeconds(instant: string, timeZone: string): string {
  return format(timeZone, { hour: 'numeric', minute: '2-digit', second: '2-digit' }).format(new Date(instant))
}

/** `9:00 – 10:30 AM`. */
export function clockSpan(from: string, to: string | null | undefined, timeZone: string): string {
  if (!to || to === from) return clockTime(from, timeZone)
  return format(timeZone, { hour: 'numeric', minute: '2-digit' }).formatRange(new Date(from), new Date(to))
}

/** `Nov 24, 2026, 10:42 AM`. */
export function dateTime(instant: string, timeZone: string): string {
  return format(timeZone, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(instant))
}

/** The day of an instant, as `Nov 24, 2026`. Days without a time are taken as they are. */
export function dateOf(value: string, timeZone: string): string {
  return fullDay(value.length === 10 ? value : dayOf(value, timeZone))
}

const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'short' })

/** `just now`, `12 sec. ago`, `3 min. ago`, `yesterday`. An instant a little ahead, by a skewed clock, is now. */
export function ago(instant: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(instant)) / 1000))
  if (seconds < 5) return 'just now'
  if (seconds < 60) return relative.format(-seconds, 'second')
  if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), 'minute')
  if (seconds < 86_400) return relative.format(-Math.floor(seconds / 3600), 'hour')
  return relative.format(-Math.floor(seconds / 86_400), 'day')
}

/** How long: `25 min`, `2 h 5 min`. */
export function duration(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000))
  if (minutes < 60) return `${minutes} min`
  const rest = minutes % 60
  return rest === 0 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60)} h ${rest} min`
}

/** How long, to the second where that says something: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 5 min`. */
export function exactDuration(ms: number): string {
  if (ms < 50) return 'under 0.1 s'
  if (ms < 1_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds >= 3600) return duration(ms)
  const rest = seconds % 60
  return rest === 0 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 60)} min ${rest} s`
}

/** How far ahead: `in 3 days`, `in 30 hr.`, `in 20 min.`; `now` for what is past. */
export function until(instant: string, now: number): string {
  const seconds = Math.round((Date.parse(instant) - now) / 1000)
  if (seconds < 60) return seconds <= 0 ? 'now' : 'in less than a minute'
  if (seconds < 3600) return relative.format(Math.floor(seconds / 60), 'minute')
  if (seconds < 2 * 86_400) return relative.format(Math.round(seconds / 3600), 'hour')
  return relative.format(Math.round(seconds / 86_400), 'day')
}

/** How long to wait, after "try again": `in 40 seconds`, `in 2 minutes`; `in a moment` when nobody said. */
export function waitWords(seconds: number | undefined): string {
  if (seconds === undefined) return 'in a moment'
  const whole = Math.max(1, Math.ceil(seconds))
  if (whole < 90) return `in ${plural(whole, 'second')}`
  if (whole < 90 * 60) return `in ${plural(Math.ceil(whole / 60), 'minute')}`
  return `in ${plural(Math.ceil(whole / 3600), 'hour')}`
}

/** Minutes in the largest unit that divides them: `30 minutes`, `12 hours`, `1 day`. */
export function minutesInWords(minutes: number): string {
  if (minutes > 0 && minutes % 1440 === 0) return plural(minutes / 1440, 'day')
  if (minutes > 0 && minutes % 60 === 0) return plural(minutes / 60, 'hour')
  return plural(minutes, 'minute')
}

/** The zone's name for people: `Mountain Time`. */
export function zoneName(timeZone: string): string {
  const parts = format(timeZone, { timeZoneName: 'longGeneric' }).formatToParts(new Date())
  return parts.find(part => part.type === 'timeZoneName')?.value ?? timeZone
}
