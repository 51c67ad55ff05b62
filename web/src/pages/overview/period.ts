import type { PeriodName, Summary } from '../../api/types'
import { daySpan, monthName } from '../../format/time'

export const periods: { value: PeriodName; label: string }[] = [
  { value: 'today', label: 'Today' },
  { value: '7d', label: '7 days' },
  { value: '30d', label: '30 days' },
  { value: 'mtd', label: 'Month' },
  { value: 'ytd', label: 'Year' },
]

/** What the figures are compared with: `yesterday`, `prior 7 days`, `Oct 1 – 24`. */
export function previousName({ name, previousFrom, previousTo }: Summary['period']): string {
  switch (name) {
    case 'today':
      return 'yesterday'
    case '7d':
      return 'prior 7 days'
    case '30d':
      return 'prior 30 days'
    case 'mtd':
      return daySpan(previousFrom, previousTo)
    case 'ytd':
      return 'last year to date'
  }
}

export function currentName({ name, from }: Summary['period']): string {
  switch (name) {
    case 'today':
      return 'Today'
    case '7d':
      return 'Last 7 days'
    case '30d':
      return 'Last 30 days'
    case 'mtd':
      return monthName(from)
    case 'ytd':
      return from.slice(0, 4)
  }
}
