import { capital, nounOf } from './words'

const phrases: Record<string, string> = {
  'visit.completed': 'Visit completed',
  'visit.rescheduled': 'Visit rescheduled',
  'quote.sent': 'Quote sent',
  'quote.approved': 'Quote approved',
  'quote.converted': 'Quote converted to a job',
  'job.completed': 'Job completed',
  'invoice.issued': 'Invoice issued',
  'invoice.paid': 'Invoice paid',
  'payment.received': 'Payment received',
  'payment.refunded': 'Payment refunded',
  'sync.progress': 'Copying from Jobber',
  'sync.completed': 'Copy from Jobber finished',
  'sync.failed': 'Copy from Jobber failed',
  'jobber.connected': 'Jobber connected',
  'jobber.disconnected': 'Jobber disconnected',
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
  'security.refresh_reused': 'A stolen session was ended',
  'security.session_ended': 'Session ended',
  'security.limit_tightened': 'Too many requests',
  'security.audit_read': 'Audit log looked at',
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
