import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { Session } from '../session/session'
import { call } from './http'
import type {
  Collection,
  FieldEvent,
  Page,
  PeriodName,
  PublicConfig,
  RecordTypes,
  Summary,
  SyncStatus,
} from './types'

export const keys = {
  config: ['config'] as const,
  summary: (period?: PeriodName) => (period ? (['summary', period] as const) : (['summary'] as const)),
  activity: ['activity'] as const,
  sync: ['sync'] as const,
  lists: (collection: string) => ['list', collection] as const,
  records: (collection: string) => ['record', collection] as const,
  record: (collection: string, id: string) => ['record', collection, id] as const,
}

export interface ListFilter {
  q?: string | undefined
  status?: string | undefined
  sort?: string | undefined
  clientId?: string | undefined
  jobId?: string | undefined
  invoiceId?: string | undefined
  from?: string | undefined
  to?: string | undefined
  limit?: number | undefined
}

export function configQuery() {
  return queryOptions({
    queryKey: keys.config,
    queryFn: async ({ signal }) => (await call<PublicConfig>('/api/v1/config', { signal })).body,
    staleTime: Number.POSITIVE_INFINITY,
  })
}

export function summaryQuery(session: Session, period: PeriodName) {
  return queryOptions({
    queryKey: keys.summary(period),
    queryFn: ({ signal }) => session.fetch<Summary>(`/api/v1/dashboard/summary?period=${period}`, { signal }),
  })
}

export function activityQuery(session: Session) {
  return infiniteQueryOptions({
    queryKey: keys.activity,
    queryFn: ({ pageParam, signal }) =>
      session.fetch<Page<FieldEvent>>(
        `/api/v1/dashboard/activity?${search({ limit: 20, cursor: pageParam })}`,
        { signal },
      ),
    initialPageParam: '',
    getNextPageParam: page => page.nextCursor || undefined,
  })
}

export function syncQuery(session: Session) {
  return queryOptions({
    queryKey: keys.sync,
    queryFn: ({ signal }) => session.fetch<SyncStatus>('/api/v1/dashboard/sync', { signal }),
  })
}

export function listQuery<C extends Collection>(session: Session, collection: C, filter: ListFilter) {
  return infiniteQueryOptions({
    queryKey: [...keys.lists(collection), filter] as const,
    queryFn: ({ pageParam, signal }) =>
      session.fetch<Page<RecordTypes[C]>>(
        `/api/v1/${collection}?${search({ ...filter, cursor: pageParam })}`,
        { signal },
      ),
    initialPageParam: '',
    getNextPageParam: page => page.nextCursor || undefined,
  })
}

export function recordQuery<C extends Collection>(session: Session, collection: C, id: string) {
  return queryOptions({
    queryKey: keys.record(collection, id),
    queryFn: ({ signal }) =>
      session.fetch<RecordTypes[C]>(`/api/v1/${collection}/${encodeURIComponent(id)}`, { signal }),
  })
}

/** A query string of what is set. */
export function search(values: Record<string, string | number | undefined>): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== '') params.set(name, String(value))
  }
  return params.toString()
}
