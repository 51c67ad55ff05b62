/** What the audit log is searched for, as the address of the page has it. */
export interface AuditSearch {
  q?: string | undefined
  family?: string | undefined
  since?: 'today' | 'week' | 'month' | undefined
  /** What one request caused. */
  cause?: string | undefined
}

export const families = [
  { value: '', label: 'Everything' },
  { value: 'security', label: 'Sign-ins, keys and settings' },
  { value: 'member', label: 'Members' },
  { value: 'client', label: 'Clients' },
  { value: 'property', label: 'Properties' },
  { value: 'request', label: 'Requests' },
  { value: 'quote', label: 'Quotes' },
  { value: 'job', label: 'Jobs' },
  { value: 'visit', label: 'Visits' },
  { value: 'invoice', label: 'Invoices' },
  { value: 'payment', label: 'Payments' },
  { value: 'task', label: 'Background work' },
  { value: 'sync', label: 'Copying from Jobber' },
  { value: 'jobber', label: 'Connection to Jobber' },
]

export const spans: { value: '' | 'today' | 'week' | 'month'; label: string; days?: number }[] = [
  { value: '', label: 'Any time' },
  { value: 'today', label: 'Today', days: 0 },
  { value: 'week', label: 'Last 7 days', days: 6 },
  { value: 'month', label: 'Last 30 days', days: 29 },
]

/** Keeps of an address what the page understands. */
export function auditSearch(search: Record<string, unknown>): AuditSearch {
  const kept: AuditSearch = {}
  if (typeof search.q === 'string' && search.q) kept.q = search.q.slice(0, 100)
  const family = families.find(f => f.value && f.value === search.family)
  if (family) kept.family = family.value
  const span = spans.find(s => s.value && s.value === search.since)
  if (span?.value) kept.since = span.value
  if (typeof search.cause === 'string' && /^[\w-]{8,64}$/.test(search.cause)) kept.cause = search.cause
  return kept
}
