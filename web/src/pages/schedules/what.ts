import { queryOptions } from '@tanstack/react-query'
import type { Session } from '../../session/session'

/** What can be done by the calendar: today, reports. */
export const reportAction = 'report.make'

export interface ReportOrder {
  kind: string
  grouping: string
  format: string
  period?: string
}

/** A report that can be asked for, as far as a schedule has to know it. */
interface Choice {
  kind: string
  title: string
  /** Whether it is of a period; otherwise it tells how things are now. */
  period: boolean
  groupings: { id: string; title: string; needs: string[] }[]
}

export function choicesQuery(session: Session) {
  return queryOptions({
    queryKey: ['report-kinds'] as const,
    queryFn: async ({ signal }) => {
      const { items } = await session.fetch<{ items: Choice[] }>('/api/v1/report-kinds', { signal })
      // What needs a filter is of one record, and is made at the record.
      return items
        .map(choice => ({ ...choice, groupings: choice.groupings.filter(({ needs }) => needs.length === 0) }))
        .filter(choice => choice.groupings.length > 0)
    },
    staleTime: 300_000,
  })
}

export type { Choice }

/** A choice's one value in a list: its kind and grouping. */
export function choiceValue({ kind, grouping }: { kind: string; grouping: string }): string {
  return `${kind}/${grouping}`
}

/** All choices for a list, by kind. */
export function options(choices: Choice[]) {
  return choices.map(choice => ({
    group: choice.title,
    items: choice.groupings.map(({ id, title }) => ({
      value: choiceValue({ kind: choice.kind, grouping: id }),
      label: `${choice.title} ${title}`,
    })),
  }))
}

export const formats = [
  { value: 'pdf', label: 'PDF' },
  { value: 'xlsx', label: 'Excel' },
  { value: 'csv', label: 'CSV' },
]

/** The periods by name, which move with the day of each report. */
export const periods = [
  { value: 'today', label: 'That day' },
  { value: '7d', label: 'The last 7 days' },
  { value: '30d', label: 'The last 30 days' },
  { value: 'mtd', label: 'The month so far' },
  { value: 'ytd', label: 'The year so far' },
]

/** What a stored order is, in words; nothing of one that this page does not know. */
export function orderWords(order: unknown, choices: Choice[] | undefined): string {
  const { kind, grouping, format, period } = (order ?? {}) as Partial<ReportOrder>
  const choice = choices?.find(each => each.kind === kind)
  const of = choice?.groupings.find(({ id }) => id === grouping)
  return [
    choice && of ? `${choice.title} ${of.title}` : undefined,
    periods.find(({ value }) => value === period)?.label.toLowerCase(),
    formats.find(({ value }) => value === format)?.label,
  ]
    .filter(Boolean)
    .join(', ')
}
