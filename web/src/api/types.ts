/** The shapes of the HTTP API. Money is integer cents, times are RFC 3339 UTC, days are `2006-01-02` in the account's time zone. */

export type Role = 'owner' | 'admin' | 'dispatcher' | 'technician' | 'viewer'
export type Permission =
  | 'self:manage'
  | 'summary:read'
  | 'record:read'
  | 'finance:read'
  | 'sync:manage'
  | 'jobber:connect'
  | 'member:read'
  | 'member:manage'
  | 'session:manage'
  | 'live:manage'
  | 'key:manage'
  | 'security:read'
  | 'task:read'
  | 'task:manage'
  | 'schedule:read'
  | 'schedule:manage'
  | 'report:read'
  | 'report:make'
  | 'batch:run'
  | 'account:manage'
  | 'event:export'
  | 'event:replay'
  | 'event:erase'
  | 'owner:transfer'

/** How much of the account a permission is held for. */
export type Scope = 'account' | 'team' | 'own'

export type Grants = Partial<Record<Permission, Scope>>

export interface Account {
  id: string
  name: string
  timeZone: string
  currency: string
}

export interface Member {
  id: string
  email: string
  name: string
  role: Role
  grants: Grants
}

/** Somebody in the business, as those who manage it see them. */
export interface AccountMember {
  id: string
  name: string
  email: string
  role: Role
  status: 'active' | 'disabled'
  /** The same person's record in Jobber. */
  jobberUserId?: string | null
  /** Whether it is the one who asks. */
  current: boolean
}

export interface RoleGrants {
  role: Role
  grants: Grants
  /** Whether the one who asks may give it. */
  grantable: boolean
}

export interface Invitation {
  id: string
  email: string
  name: string
  role: Role
  status: 'pending' | 'accepted' | 'expired'
  /** A name. */
  invitedBy: string
  createdAt: string
  expiresAt: string
}

/** An invitation just made; its link is told this once. */
export interface NewInvitation extends Invitation {
  link: string
  /** Whether it was also sent by mail; absent where nobody tried. */
  mailed?: boolean
}

/** What the holder of an invitation's link may know before they join. */
export interface InvitationOffer {
  accountName: string
  email: string
  name: string
  role: Role
  invitedBy: string
  expiresAt: string
}

/** One sign-in of one browser. */
export interface SignedInSession {
  id: string
  name: string
  current: boolean
  userAgent: string
  ipAddress: string
  createdAt: string
  lastUsedAt: string
  /** When it ends if it is not used before. */
  expiresAt: string
  /** When it ends whatever happens. */
  endsAt: string
}

/** A file of the audit log, as it is made in the background. */
export interface AuditExport {
  id: string
  state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled'
  format: 'csv' | 'jsonl'
  /** Events written, and about as many as there are. */
  done: number
  total: number
  bytes?: number
  failure?: string
  createdAt: string
  expiresAt: string
}

/** A report that can be asked for. */
export interface ReportKind {
  kind: string
  title: string
  about: string
  /** Whether it is of a period; otherwise it tells how things are now. */
  period: boolean
  groupings: ReportGrouping[]
  statuses: { id: string; label: string }[]
}

export type ReportFilter = 'client' | 'person' | 'team' | 'status'

export interface ReportGrouping {
  id: string
  title: string
  filters: ReportFilter[]
  /** Filters without which it cannot be made. */
  needs: ReportFilter[]
  columns: string[]
}

export type ReportFormat = 'pdf' | 'xlsx' | 'csv'

export interface ReportRequest {
  kind: string
  grouping: string
  format: ReportFormat
  period?: PeriodName
  from?: string
  to?: string
  filters: Partial<Record<ReportFilter, string>>
}

/** A report that was asked for, as it stands. */
export interface Report extends ReportRequest {
  id: string
  title: string
  state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled'
  by: string
  /** Records and days read so far. */
  read: number
  /** Those that are going to be read, as far as it is known. */
  expected: number
  rows: number
  bytes: number
  failure?: string
  createdAt: string
  finishedAt?: string
  /** When it and its file are gone. */
  expiresAt: string
}

/** What happened, with who did it, from where, and what it changed. */
export interface AuditEntry {
  id: string
  type: string
  time: string
  audience: string
  actor: { kind: 'member' | 'key' | 'jobber' | 'system'; id?: string; name?: string; key?: string }
  target: { collection?: string; id?: string; title?: string; memberId?: string }
  detail?: string
  amountCents?: number
  changes: { field: string; before: unknown; after: unknown }[]
  address?: string
  correlationId?: string
  traceId?: string
  reason?: string
}

export interface ApiKey {
  id: string
  name: string
  /** The beginning of the secret, by which the key is known. */
  prefix: string
  permissions: Permission[]
  createdBy: string
  createdById: string
  createdAt: string
  expiresAt: string | null
  lastUsedAt: string | null
  ipAllow: string[] | null
  status: 'active' | 'expired' | 'revoked'
  /** Until when the secret before the last rotation works too. */
  overlapEndsAt: string | null
}

/** A key and its secret, which is told this once. */
export interface NewApiKey {
  key: ApiKey
  secret: string
}

export interface Lifetimes {
  idleMinutes: number
  absoluteMinutes: number
}

export interface AccountSettings {
  requireVerifiedEmail: boolean
  /** Of the sessions of roles that manage members or see money. */
  privileged: Lifetimes
  standard: Lifetimes
  /** How long events are kept. */
  auditRetentionDays: number
}

/** While it is on, no event is removed or erased. */
export interface LegalHold {
  on: boolean
  reason?: string
  /** The id of the member who began it. */
  by?: string
  since?: string
}

export interface AccountDetails extends Account {
  plan: string
  settings: AccountSettings
  legalHold: LegalHold
}

export interface SessionGrant {
  accessToken: string
  expiresAt: string
  account: Account
  member: Member
}

export interface PublicConfig {
  firebase: {
    apiKey: string
    authDomain: string
    projectId: string
    emulatorUrl?: string | null
    /** Ways to sign in besides email and password. */
    providers?: SignInProvider[] | null
  }
  realtimeUrl: string
}

/** An OpenID provider; `id` is Firebase's name of it, such as `google.com`. */
export interface SignInProvider {
  id: string
  name: string
  authorizationUrl: string
  clientId: string
}

export type PeriodName = 'today' | '7d' | '30d' | 'mtd' | 'ytd'

export interface TrendPoint {
  start: string
  cents: number
}

export interface MoneyFigure {
  cents: number
  previousCents: number
  /** (cents − previousCents) / previousCents; null when the previous period is zero. */
  change: number | null
  granularity: 'day' | 'month'
  trend: TrendPoint[]
  previousTrend: TrendPoint[]
}

export interface AgeingBucket {
  bucket: '0-30' | '31-60' | '61-90' | '90+'
  cents: number
  invoices: number
}

export interface Receivables {
  cents: number
  invoices: number
  ageing: AgeingBucket[]
}

export interface VisitsToday {
  date: string
  total: number
  completed: number
  inProgress: number
  late: number
  upcoming: number
}

export interface PipelineStage {
  stage: string
  count: number
  cents: number | null
}

export interface PipelineColumn {
  count: number
  cents: number | null
  stages: PipelineStage[]
}

export type PipelineName = 'requests' | 'quotes' | 'jobs' | 'invoices'

export interface QuoteConversion {
  sent: number
  won: number
  sentCents: number | null
  wonCents: number | null
  rate: number | null
}

export interface CrewRow {
  team: string
  name: string
  scheduledMinutes: number
  completedMinutes: number
  capacityMinutes: number
  utilisation: number | null
}

export type FreshnessState = 'live' | 'copying' | 'stale' | 'disconnected'
export type SourceState = 'copying' | 'live' | 'stale' | 'failed'

export interface Source {
  collection: string
  state: SourceState
  /** Records in the copy. */
  records: number
  /** Records that the first copy has read so far, and that Jobber counted when it began; 0 when it did not say. */
  copied: number
  expected: number
  asOf: string | null
}

export interface Freshness {
  /** Everything that Jobber knew then is in the figures; null until each source was copied once. */
  at: string | null
  state: FreshnessState
  sources: Source[]
}

export interface Summary {
  period: {
    name: PeriodName
    from: string
    to: string
    previousFrom: string
    previousTo: string
    timeZone: string
  }
  currency: string
  /** Null for roles that may not read money. */
  revenue: MoneyFigure | null
  collected: MoneyFigure | null
  receivables: Receivables | null
  visitsToday: VisitsToday
  pipeline: Record<PipelineName, PipelineColumn>
  quoteConversion: QuoteConversion
  crewUtilisation: CrewRow[]
  asOf: Freshness
}

export interface FieldEvent {
  id: string
  type: string
  /** `<collection>/<record id>`, e.g. `visits/Visit_12`; absent when no record is concerned. */
  subject?: string
  time: string
  data: {
    account: string
    audience: 'operations' | 'finance' | 'security' | 'personal'
    collection?: string
    id?: string
    title?: string
    detail?: string
    amountCents?: number | null
    /** The member whom it is about. */
    member?: string
  }
}

export interface Page<T> {
  items: T[]
  nextCursor?: string | null
}

export type BatchAction =
  | 'clients.import'
  | 'clients.tag'
  | 'clients.untag'
  | 'clients.archive'
  | 'clients.unarchive'
  | 'visits.complete'
  | 'invoices.mark_sent'

export type BatchState = 'draft' | 'running' | 'stopped' | 'finished'

/** How many rows of a batch stand how. Those that are being done are among the pending ones. */
export interface BatchCounts {
  total: number
  pending: number
  done: number
  failed: number
  unsure: number
  unchanged: number
  invalid: number
}

/** Many changes at Jobber at once. A draft has changed nothing. */
export interface Batch {
  id: string
  title: string
  action: BatchAction
  state: BatchState
  by: string
  byName: string
  file?: string
  encoding?: string
  ignored: string[]
  tags: string[]
  counts: BatchCounts
  reason?: string
  taskId?: string
  createdAt: string
  startedAt?: string
  finishedAt?: string
  expiresAt: string
}

export type BatchRowState = 'pending' | 'doing' | 'done' | 'failed' | 'unsure' | 'unchanged' | 'invalid'

export interface BatchRow {
  number: number
  line?: number
  does: 'create' | 'edit' | 'tag' | 'untag' | 'archive' | 'unarchive' | 'complete' | 'send'
  label: string
  recordId?: string
  changes: { field: string; from: string; to: string }[]
  state: BatchRowState
  warnings: string[]
  message?: string
  doneAt?: string
}

export interface LiveConnection {
  id: string
  memberId: string
  /** Empty for one who has left. */
  memberName: string
  since: string
  transport: string
  instance: string
  /** The network that it comes from; empty when it is not known. */
  address: string
  userAgent: string
  idle: boolean
  /** Whether one may end it. */
  endable: boolean
}

export interface LiveStatus {
  connections: number
  /** 0 while the realtime service is not there. */
  perMember: number
  perAccount: number
  instances: number
  /** What the figures below are of: the last ones. */
  minutes: number
  eventsPerMinute: number
  lagP50Ms: number | null
  lagP99Ms: number | null
}

export type TaskState =
  | 'waiting'
  /** Waits for its time. */
  | 'scheduled'
  /** Waits for another attempt. */
  | 'retrying'
  | 'running'
  /** Still runs, and is to stop. */
  | 'cancelling'
  /** Waits for its children. */
  | 'parted'
  | 'done'
  | 'failed'
  | 'cancelled'

/** Background work, as it stands. */
export interface Task {
  id: string
  kind: string
  kindTitle: string
  /** What it is about; empty when the kind says enough. */
  title: string
  state: TaskState
  /** The member who asked; empty when nobody did. */
  by: string
  /** Empty for one who has left. */
  byName: string
  parent?: string
  requestId: string
  createdAt: string
  /** When it is due, or was. */
  runAt: string
  /** When its first attempt began. */
  startedAt?: string
  endedAt?: string
  /** When it is forgotten. */
  expiresAt?: string
  /** How many attempts began. */
  attempt: number
  /** How many may fail. */
  attempts: number
  progress: TaskProgress
  failure?: TaskFailure
}

export interface TaskProgress {
  done: number
  /** 0 while it is not known. */
  total: number
  message: string
  percent: number
  /** Absent while it cannot be said. */
  secondsLeft?: number
}

export type FailureClass = 'permanent' | 'transient' | 'throttled' | 'died'

/** Why the last attempt failed. */
export interface TaskFailure {
  class: FailureClass
  message: string
  at: string
}

export interface TaskAttempt {
  number: number
  began: string
  ended: string
  outcome: 'done' | 'parted' | 'cancelled' | 'released' | FailureClass
  message?: string
}

export interface TaskChildren {
  total: number
  open: number
  done: number
  failed: number
  cancelled: number
}

export interface TaskDetail extends Task {
  /** The last twenty attempts that ended, the oldest first. */
  timeline: TaskAttempt[]
  children?: TaskChildren
}

/** How the account's tasks of one kind stand. */
export interface TaskKind {
  kind: string
  title: string
  queue: string
  paused: boolean
  /** Whether it is paused together with all others, and begins again only with them. */
  pausedAll: boolean
  /** The member who paused it. */
  pausedBy?: string
  /** Empty for one who has left. */
  pausedByName?: string
  /** Also what is scheduled or tried again later. */
  waiting: number
  running: number
  parted: number
  /** Dead letters. */
  failed: number
  /** Since when the oldest that is due waits. */
  oldestDue?: string
  /** Done, and failed for good, in the last hour. */
  doneHour: number
  failedHour: number
}

export interface SyncStatus {
  connection: {
    state: 'connected' | 'disconnected' | 'broken'
    jobberAccount: JobberAccount | null
  }
  collections: (Source & { error?: string | null })[]
  startedAt?: string | null
  finishedAt?: string | null
}

export interface JobberAccount {
  id: string
  name: string
}

export interface Address {
  street?: string
  city?: string
  province?: string
  postalCode?: string
  country?: string
}

export interface RecordBase {
  id: string
  webUri?: string | null
  createdAt?: string | null
  updatedAt?: string | null
  fetchedAt?: string | null
}

interface OfClient {
  clientId?: string | null
  clientName?: string | null
}

export interface Client extends RecordBase {
  name: string
  firstName?: string
  lastName?: string
  companyName?: string
  isCompany: boolean
  isLead: boolean
  isArchived: boolean
  email?: string | null
  phone?: string | null
  balanceCents: number | null
  tags?: string[] | null
  billingAddress?: Address | null
}

export interface Request extends RecordBase, OfClient {
  title?: string | null
  status: string
  propertyId?: string | null
  source?: string | null
}

export interface Quote extends RecordBase, OfClient {
  number: string | number
  title?: string | null
  status: string
  totalCents: number | null
  sentAt?: string | null
}

export interface Job extends RecordBase, OfClient {
  number: string | number
  title?: string | null
  status: string
  jobType?: string | null
  propertyId?: string | null
  totalCents: number | null
  uninvoicedCents: number | null
  startAt?: string | null
  endAt?: string | null
  completedAt?: string | null
}

export type VisitState = 'completed' | 'late' | 'inProgress' | 'upcoming' | 'unscheduled'

export interface Visit extends RecordBase, OfClient {
  title?: string | null
  state: VisitState
  isComplete: boolean
  allDay: boolean
  startAt?: string | null
  endAt?: string | null
  completedAt?: string | null
  jobId?: string | null
  jobNumber?: string | number | null
  propertyId?: string | null
  address?: Address | null
  assignedUsers?: { id: string; name: string }[] | null
}

export interface Invoice extends RecordBase, OfClient {
  number: string | number
  subject?: string | null
  status: string
  totalCents: number | null
  taxCents: number | null
  balanceCents: number | null
  issuedDate?: string | null
  dueDate?: string | null
  receivedDate?: string | null
}

export interface Payment extends RecordBase, OfClient {
  amountCents: number | null
  adjustmentType?: string | null
  paymentType?: string | null
  entryDate?: string | null
  invoiceId?: string | null
}

/** A person in Jobber. */
export interface JobberUser extends RecordBase {
  name: string
  email: string
  status: string
  /** The team's id. */
  team?: string | null
  teamName?: string | null
}

export interface RecordTypes {
  clients: Client
  requests: Request
  quotes: Quote
  jobs: Job
  visits: Visit
  invoices: Invoice
  payments: Payment
}

export type Collection = keyof RecordTypes

export type Weekday = 'sunday' | 'monday' | 'tuesday' | 'wednesday' | 'thursday' | 'friday' | 'saturday'

/** When a schedule comes: in words, or by a cron line. */
export interface ScheduleWhen {
  every: 'day' | 'weekday' | 'week' | 'month' | 'cron'
  /** Of a week. */
  weekdays?: Weekday[]
  /** Of a month, 1 to 28. */
  day?: number
  /** The time of day, `08:00`. */
  at?: string
  cron?: string
}

export type MissedPolicy = 'catch_up' | 'skip'

/** What became of one time of a schedule. */
export interface ScheduleRun {
  slot: string
  at: string
  /** `asked`: somebody ran it, besides its times. */
  outcome: 'ran' | 'caught_up' | 'skipped' | 'asked'
  task?: string
  by?: { id: string; name: string }
  reason?: string
}

/** What a member has done by the calendar. */
export interface Schedule {
  id: string
  name: string
  action: string
  order: unknown
  when: ScheduleWhen
  cron: string
  zone: string
  recipients: { id: string; name: string }[]
  missed: MissedPolicy
  paused: boolean
  /** Why it paused itself. */
  pausedReason?: string
  /** In whose name it runs. */
  by: { id: string; name: string }
  nextAt: string | null
  createdAt: string
  /** The latest first. */
  history: ScheduleRun[]
}
