import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { Session } from '../session/session'
import { call } from './http'
import { pace } from './pace'
import { isPassing } from './problem'
import type {
  AccountDetails,
  AccountMember,
  ApiKey,
  AuditEntry,
  AuditExport,
  Batch,
  BatchRow,
  BatchRowState,
  Collection,
  FieldEvent,
  Invitation,
  InvitationOffer,
  JobberUser,
  LiveConnection,
  LiveStatus,
  Page,
  PeriodName,
  PublicConfig,
  RecordTypes,
  Report,
  ReportKind,
  RoleGrants,
  Schedule,
  ScheduleWhen,
  SignedInSession,
  Summary,
  SyncStatus,
  Task,
  TaskDetail,
  TaskKind,
  TaskState,
} from './types'

export const keys = {
  config: ['config'] as const,
  summary: (period?: PeriodName) => (period ? (['summary', period] as const) : (['summary'] as const)),
  activity: ['activity'] as const,
  sync: ['sync'] as const,
  lists: (collection: string) => ['list', collection] as const,
  records: (collection: string) => ['record', collection] as const,
  record: (collection: string, id: string) => ['record', collection, id] as const,
  account: ['account'] as const,
  members: ['members'] as const,
  memberSessions: (id?: string) => (id ? (['member-sessions', id] as const) : (['member-sessions'] as const)),
  invitations: ['invitations'] as const,
  offer: (token: string) => ['offer', token] as const,
  roles: ['roles'] as const,
  sessions: ['sessions'] as const,
  apiKeys: ['api-keys'] as const,
  audit: ['audit'] as const,
  liveConnections: ['live-connections'] as const,
  liveStatus: ['live-status'] as const,
  auditExports: ['audit-exports'] as const,
  schedules: ['schedules'] as const,
  scheduleTimes: ['schedule-times'] as const,
  reports: ['reports'] as const,
  reportKinds: ['report-kinds'] as const,
  batches: ['batches'] as const,
  batch: (id: string) => ['batches', id] as const,
  tasks: ['tasks'] as const,
  task: (id?: string) => (id ? (['task', id] as const) : (['task'] as const)),
  taskPayload: (id: string) => ['task-payload', id] as const,
  taskKinds: ['task-kinds'] as const,
}

/** What is read without being signed in, so it may outlive a session. */
const open = { open: true }

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
    meta: open,
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

export interface AuditFilter {
  q?: string | undefined
  family?: string | undefined
  correlationId?: string | undefined
  from?: string | undefined
}

export function auditQuery(session: Session, filter: AuditFilter) {
  return infiniteQueryOptions({
    queryKey: [...keys.audit, filter] as const,
    queryFn: ({ pageParam, signal }) =>
      session.fetch<Page<AuditEntry>>(
        `/api/v1/audit/events?${search({ ...filter, limit: 50, cursor: pageParam })}`,
        { signal },
      ),
    initialPageParam: '',
    getNextPageParam: page => page.nextCursor || undefined,
    // Each first page is written into the log, so it is not read again by itself.
    staleTime: Number.POSITIVE_INFINITY,
  })
}

/** Who comes and goes is no event, so the page asks again by itself. */
const liveEveryMs = 10_000

export function liveConnectionsQuery(session: Session) {
  return infiniteQueryOptions({
    queryKey: keys.liveConnections,
    queryFn: ({ pageParam, signal }) =>
      session.fetch<Page<LiveConnection>>(
        `/api/v1/live/connections?${search({ limit: 50, cursor: pageParam })}`,
        { signal },
      ),
    initialPageParam: '',
    getNextPageParam: page => page.nextCursor || undefined,
    refetchInterval: liveEveryMs,
  })
}

export function liveStatusQuery(session: Session) {
  return queryOptions({
    queryKey: keys.liveStatus,
    queryFn: ({ signal }) => session.fetch<LiveStatus>('/api/v1/live/status', { signal }),
    refetchInterval: liveEveryMs,
  })
}

/** The newest export, asked for again as long as it is being made. */
export function auditExportsQuery(session: Session) {
  return queryOptions({
    queryKey: keys.auditExports,
    queryFn: ({ signal }) => session.fetch<Page<AuditExport>>('/api/v1/audit/exports?limit=1', { signal }),
    refetchInterval: query => {
      const state = query.state.data?.items[0]?.state
      return state === 'queued' || state === 'running' ? 1500 : false
    },
  })
}

export function reportKindsQuery(session: Session) {
  return queryOptions({
    queryKey: keys.reportKinds,
    queryFn: async ({ signal }) =>
      (await session.fetch<Page<ReportKind>>('/api/v1/report-kinds', { signal })).items,
  })
}

/** The reports, asked for again as long as one of them is being made. */
export function reportsQuery(session: Session) {
  return infiniteQueryOptions({
    queryKey: keys.reports,
    queryFn: ({ pageParam, signal }) =>
      session.fetch<Page<Report>>(`/api/v1/reports?${search({ limit: 25, cursor: pageParam })}`, { signal }),
    initialPageParam: '',
    getNextPageParam: page => page.nextCursor || undefined,
    refetchInterval: query =>
      query.state.data?.pages.some(page => page.items.some(isWorking)) ? movingEveryMs : false,
  })
}

export function isWorking({ state }: Pick<Report, 'state'>): boolean {
  return state === 'queued' || state === 'running'
}

export function batchesQuery(session: Session) {
  return infiniteQueryOptions({
    queryKey: [...keys.batches, 'list'] as const,
    queryFn: ({ pageParam, signal }) =>
      session.fetch<Page<Batch>>(`/api/v1/batches?${search({ limit: 25, cursor: pageParam })}`, { signal }),
    initialPageParam: '',
    getNextPageParam: page => page.nextCursor || undefined,
    refetchInterval: query =>
      query.state.data?.pages.some(page => page.items.some(batch => batch.state === 'running'))
        ? movingEveryMs
        : false,
  })
}

/** A batch, asked for again as long as it runs. */
export function batchQuery(session: Session, id: string) {
  return queryOptions({
    queryKey: keys.batch(id),
    queryFn: ({ signal }) => session.fetch<Batch>(`/api/v1/batches/${encodeURIComponent(id)}`, { signal }),
    refetchInterval: query => (query.state.data?.state === 'running' ? movingEveryMs : false),
  })
}

export function batchRowsQuery(
  session: Session,
  id: string,
  state: BatchRowState | undefined,
  running: boolean,
) {
  return infiniteQueryOptions({
    queryKey: [...keys.batch(id), 'rows', state ?? 'all'] as const,
    queryFn: ({ pageParam, signal }) =>
      session.fetch<Page<BatchRow>>(
        `/api/v1/batches/${encodeURIComponent(id)}/rows?${search({ limit: 50, state, cursor: pageParam })}`,
        { signal },
      ),
    initialPageParam: '',
    getNextPageParam: page => page.nextCursor || undefined,
    refetchInterval: running ? movingEveryMs : false,
  })
}

export interface TaskFilter {
  kind?: string | undefined
  /** As tasks are stored: `waiting` is also what is scheduled, or tried again later. */
  state?: Exclude<TaskState, 'scheduled' | 'retrying' | 'cancelling'> | undefined
  parent?: string | undefined
  by?: string | undefined
}

/** Not everything that a task goes through is told, and no news of progress is kept: what moves is asked for now and then. */
const movingEveryMs = 5_000
const restingEveryMs = 15_000
/** Asking leaves this share of what the server allows to what the person at the page does, and to news of events. */
const reserve = 0.35

/** When to ask again, in milliseconds, for what takes so many requests. */
function again(moving: boolean, requests: number): number {
  return Math.max(moving ? movingEveryMs * requests : restingEveryMs, pace.wait(requests, reserve))
}

/** Whether a task may be another one in a moment. */
function isMoving({ state }: Task): boolean {
  return state !== 'scheduled' && state !== 'done' && state !== 'failed' && state !== 'cancelled'
}

/** The account's background work, the newest first. It is read seldom when it is `behind` something. */
export function tasksQuery(session: Session, filter: TaskFilter, behind = false) {
  return infiniteQueryOptions({
    queryKey: [...keys.tasks, filter] as const,
    queryFn: ({ pageParam, signal }) =>
      session.fetch<Page<Task>>(`/api/v1/tasks?${search({ ...filter, limit: 25, cursor: pageParam })}`, {
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: page => page.nextCursor || undefined,
    refetchInterval: query => {
      const pages = query.state.data?.pages ?? []
      const moving = pages.some(page => page.items.some(isMoving))
      return canChange(query.state.error) && again(moving && !behind, Math.max(pages.length, 1))
    },
  })
}

export function taskQuery(session: Session, id: string) {
  return queryOptions({
    queryKey: keys.task(id),
    queryFn: ({ signal }) => session.fetch<TaskDetail>(`/api/v1/tasks/${encodeURIComponent(id)}`, { signal }),
    refetchInterval: query => {
      const task = query.state.data
      if (task?.state === 'done' || task?.state === 'cancelled') return false
      return canChange(query.state.error) && again(task !== undefined && isMoving(task), 1)
    },
  })
}

/** What a task is to do. It changes only when somebody edits it, and who is editing it does not want it changed. */
export function taskPayloadQuery(session: Session, id: string) {
  return queryOptions({
    queryKey: keys.taskPayload(id),
    queryFn: async ({ signal }) =>
      (
        await session.fetch<{ payload: unknown }>(`/api/v1/tasks/${encodeURIComponent(id)}/payload`, {
          signal,
        })
      ).payload,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  })
}

export function taskKindsQuery(session: Session, behind = false) {
  return queryOptions({
    queryKey: keys.taskKinds,
    queryFn: async ({ signal }) =>
      (await session.fetch<{ items: TaskKind[] }>('/api/v1/task-kinds', { signal })).items,
    refetchInterval: query => {
      const moving = query.state.data?.some(
        kind => kind.running > 0 || kind.parted > 0 || (Boolean(kind.oldestDue) && !kind.paused),
      )
      return canChange(query.state.error) && again(moving === true && !behind, 1)
    },
  })
}

/** Whether asking again may come to something else than the last time. */
function canChange(error: unknown): boolean {
  return !error || isPassing(error)
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

export function accountQuery(session: Session) {
  return queryOptions({
    queryKey: keys.account,
    queryFn: ({ signal }) => session.fetch<AccountDetails>('/api/v1/account', { signal }),
  })
}

export function membersQuery(session: Session) {
  return queryOptions({
    queryKey: keys.members,
    queryFn: ({ signal }) => whole<AccountMember>(session, '/api/v1/members', signal),
  })
}

export function invitationsQuery(session: Session) {
  return queryOptions({
    queryKey: keys.invitations,
    queryFn: ({ signal }) => whole<Invitation>(session, '/api/v1/invitations', signal),
  })
}

/** What an invitation's token leads to. The token goes in the body, where no log keeps it. */
export function offerQuery(token: string) {
  return queryOptions({
    queryKey: keys.offer(token),
    queryFn: async ({ signal }) => {
      const options = { method: 'POST', body: { token }, signal } as const
      return (await call<InvitationOffer>('/api/v1/invitations/lookups', options)).body
    },
    staleTime: Number.POSITIVE_INFINITY,
    meta: open,
  })
}

export function rolesQuery(session: Session) {
  return queryOptions({
    queryKey: keys.roles,
    queryFn: async ({ signal }) => (await session.fetch<Page<RoleGrants>>('/api/v1/roles', { signal })).items,
  })
}

export function sessionsQuery(session: Session) {
  return queryOptions({
    queryKey: keys.sessions,
    queryFn: ({ signal }) => whole<SignedInSession>(session, '/api/v1/sessions', signal),
  })
}

export function memberSessionsQuery(session: Session, id: string) {
  return queryOptions({
    queryKey: keys.memberSessions(id),
    queryFn: ({ signal }) =>
      whole<SignedInSession>(session, `/api/v1/members/${encodeURIComponent(id)}/sessions`, signal),
  })
}

export function apiKeysQuery(session: Session) {
  return queryOptions({
    queryKey: keys.apiKeys,
    queryFn: ({ signal }) => whole<ApiKey>(session, '/api/v1/api-keys', signal),
  })
}

export function schedulesQuery(session: Session) {
  return queryOptions({
    queryKey: keys.schedules,
    queryFn: ({ signal }) => whole<Schedule>(session, '/api/v1/schedules', signal),
    // What runs by the calendar is told by no event, so the page asks again by itself.
    refetchInterval: 60_000,
  })
}

/** The next times of what somebody is about to ask for. */
export function scheduleTimesQuery(session: Session, when: ScheduleWhen, zone: string) {
  const values = { ...when, weekdays: when.weekdays?.join(','), zone }
  return queryOptions({
    queryKey: [...keys.scheduleTimes, values] as const,
    queryFn: ({ signal }) =>
      session.fetch<{ times: string[] }>(`/api/v1/schedule-times?${search(values)}`, { signal }),
    retry: false,
  })
}

export function jobberUsersQuery(session: Session) {
  return queryOptions({
    queryKey: [...keys.lists('users'), 'whole'] as const,
    queryFn: ({ signal }) => whole<JobberUser>(session, '/api/v1/users', signal),
  })
}

/** A list that is short enough to be shown whole, page after page. */
async function whole<T>(session: Session, path: string, signal: AbortSignal): Promise<T[]> {
  const items: T[] = []
  let cursor: string | undefined
  do {
    const page = await session.fetch<Page<T>>(`${path}?${search({ limit: 100, cursor })}`, { signal })
    items.push(...page.items)
    cursor = page.nextCursor || undefined
  } while (cursor)
  return items
}

/** A query string of what is set. */
export function search(values: Record<string, string | number | undefined>): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== '') params.set(name, String(value))
  }
  return params.toString()
}
