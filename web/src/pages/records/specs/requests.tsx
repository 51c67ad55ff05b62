import { valueName } from '../../../format/words'
import { Status } from '../../../ui/status'
import { clientLink, date, dateTime } from '../parts'
import { lastChanged, type Spec } from '../spec'

export const requests: Spec<'requests'> = {
  collection: 'requests',
  searches: 'Search by title or client',
  statuses: [
    'new',
    'unscheduled',
    'upcoming',
    'today',
    'overdue',
    'assessment_completed',
    'completed',
    'converted',
    'archived',
  ],
  defaultSort: '-createdAt',
  sorts: [{ value: '-createdAt', label: 'Newest' }, lastChanged],
  name: request => request.title || 'Request',
  context: request => request.clientName ?? '',
  status: request => request.status,
  columns: [
    { header: 'Client', cell: request => request.clientName },
    { header: 'Status', cell: request => <Status value={request.status} /> },
    { header: 'Source', cell: request => request.source && valueName(request.source), wideOnly: true },
    {
      header: 'Received',
      cell: (request, format) => date(request.createdAt, format),
      sort: 'createdAt',
      downFirst: true,
      numeric: true,
    },
  ],
  fields: [
    { label: 'Client', value: clientLink },
    { label: 'Source', value: request => request.source && valueName(request.source) },
    { label: 'Received', value: (request, format) => dateTime(request.createdAt, format) },
  ],
  empty: 'Requests for work show here as clients send them.',
}
