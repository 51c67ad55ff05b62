import { capital, nounOf } from './words'

const phrases: Record<string, string> = {
  'visit.scheduled': 'Visit scheduled',
  'visit.started': 'Visit began',
  'visit.completed': 'Visit completed',
  'visit.late': 'Visit is late',
  'visit.rescheduled': 'Visit rescheduled',
  'quote.sent': 'Quote sent',
  'quote.changes_requested': 'Changes to a quote requested',
  'quote.approved': 'Quote approved',
  'quote.converted': 'Quote converted to a job',
  'job.scheduled': 'Job scheduled',
  'job.completed': 'Job completed',
  'job.closed': 'Job closed',
  'job.late': 'Job is late',
  'invoice.issued': 'Invoice issued',
  'invoice.overdue': 'Invoice is past due',
  'invoice.paid': 'Invoice paid',
  'payment.received': 'Payment received',
  'payment.refunded': 'Payment refunded',
  'sync.progress': 'Copying from Jobber',
  'sync.completed': 'Copy from Jobber finished',
  'sync.failed': 'Copy from Jobber failed',
  'health.degraded': 'Behind Jobber',
  'health.recovered': 'Up to date with Jobber again',
  'jobber.connected': 'Jobber connected',
  'jobber.disconnected': 'Jobber disconnected',
  'batch.started': 'Batch to Jobber started',
  'batch.finished': 'Batch to Jobber ended',
  'schedule.created': 'Schedule created',
  'schedule.changed': 'Schedule changed',
  'schedule.paused': 'Schedule paused',
  'schedule.resumed': 'Schedule resumed',
  'schedule.deleted': 'Schedule deleted',
  'task.progress': 'Background work going on',
  'task.completed': 'Background work done',
  'task.failed': 'Background work failed',
  'task.cancelled': 'Background work cancelled',
  'member.invited': 'Invitation sent',
  'member.uninvited': 'Invitation withdrawn',
  'member.joined': 'Joined the business',
  'member.updated': 'Member changed',
  'member.role_changed': 'Role changed',
  'member.disabled': 'Access switched off',
  'member.enabled': 'Access switched on',
  'member.removed': 'Member removed',
  'member.owner_transferred': 'Ownership handed over',
  'security.settings_changed': 'Settings changed',
  'security.key_created': 'API key created',
  'security.key_rotated': 'API key got a new secret',
  'security.key_revoked': 'API key revoked',
  'security.signed_in': 'Signed in',
  'security.sign_in_failed': 'Sign-in refused',
  'security.refresh_reused': 'A stolen session was ended',
  'security.session_ended': 'Session ended',
  'security.connection_ended': 'Live connection ended',
  'security.limit_tightened': 'Too many requests',
  'security.audit_read': 'Audit log looked at',
  'security.export_made': 'Audit log exported',
  'security.events_replayed': 'Events sent again',
  'security.person_erased': 'A person erased from the log',
  'security.events_expired': 'Old events removed',
}

const verbs: Record<string, string> = { created: 'added', updated: 'updated', deleted: 'deleted' }

/** What an event says to people: `Visit completed`, `Client added`. */
export function eventPhrase(type: string): string {
  const known = phrases[type]
  if (known) return known
  const [subject = '', verb = ''] = type.split('.')
  const collection = subject === 'property' ? 'properties' : `${subject}s`
  return capital(`${nounOf(collection).one} ${verbs[verb] ?? verb}`)
}
