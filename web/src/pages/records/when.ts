import { addDays } from '../../format/time'

export const whens = ['today', 'tomorrow', 'next7', 'past7', 'all'] as const
export type When = (typeof whens)[number]

export const whenNames: Record<When, string> = {
  today: 'Today',
  tomorrow: 'Tomorrow',
  next7: 'Next 7 days',
  past7: 'Past 7 days',
  all: 'All days',
}

/** The days of a choice, inclusive, and the order they read best in. */
export function daysOf(when: When, today: string): { from?: string; to?: string; sort: string } {
  switch (when) {
    case 'today':
      return { from: today, to: today, sort: 'startAt' }
    case 'tomorrow':
      return { from: addDays(today, 1), to: addDays(today, 1), sort: 'startAt' }
    case 'next7':
      return { from: today, to: addDays(today, 6), sort: 'startAt' }
    case 'past7':
      return { from: addDays(today, -6), to: today, sort: '-startAt' }
    case 'all':
      return { sort: '-startAt' }
  }
}
