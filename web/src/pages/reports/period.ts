import type { PeriodName } from '../../api/types'
import { addDays, dayOf } from '../../format/time'

/** The periods that one may choose. Those of the overview go by their names, so that the same again is of the day it is made. */
export const choices = [
  { value: 'mtd', label: 'This month so far' },
  { value: 'last-month', label: 'Last month' },
  { value: '7d', label: 'Last 7 days' },
  { value: '30d', label: 'Last 30 days' },
  { value: 'ytd', label: 'This year so far' },
  { value: 'last-year', label: 'Last year' },
  { value: 'today', label: 'Today' },
  { value: 'days', label: 'From … to …' },
]

const named: PeriodName[] = ['today', '7d', '30d', 'mtd', 'ytd']

export type Span = { period: PeriodName } | { from: string; to: string }

/** What a choice asks for: a period by its name, or days in the account's time zone. */
export function spanOf(
  choice: string,
  days: { from: string; to: string },
  now: Date,
  timeZone: string,
): Span {
  const period = named.find(name => name === choice)
  if (period) return { period }
  const today = dayOf(now, timeZone)
  if (choice === 'last-month') {
    const to = addDays(`${today.slice(0, 7)}-01`, -1)
    return { from: `${to.slice(0, 7)}-01`, to }
  }
  if (choice === 'last-year') {
    const year = Number(today.slice(0, 4)) - 1
    return { from: `${year}-01-01`, to: `${year}-12-31` }
  }
  return days
}
