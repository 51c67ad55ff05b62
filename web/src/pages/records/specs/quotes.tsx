import { Status } from '../../../ui/status'
import { cents, clientLink, date, dateTime, numbered } from '../parts'
import { lastChanged, type Spec } from '../spec'

export const quotes: Spec<'quotes'> = {
  collection: 'quotes',
  searches: 'Search by number, title or client',
  statuses: ['draft', 'awaiting_response', 'changes_requested', 'approved', 'converted', 'archived'],
  defaultSort: '-updatedAt',
  sorts: [
    lastChanged,
    { value: '-createdAt', label: 'Newest' },
    { value: '-sentAt', label: 'Last sent' },
    { value: '-totalCents', label: 'Largest', finance: true },
  ],
  name: quote => numbered(quote.number, quote.title) || 'Quote',
  context: quote => quote.clientName ?? '',
  status: quote => quote.status,
  figure: (quote, format) => cents(quote.totalCents, format) ?? undefined,
  figureIsFinance: true,
  columns: [
    { header: 'Client', cell: quote => quote.clientName },
    { header: 'Status', cell: quote => <Status value={quote.status} /> },
    {
      header: 'Created',
      cell: (quote, format) => date(quote.createdAt, format),
      sort: 'createdAt',
      downFirst: true,
      numeric: true,
      wideOnly: true,
    },
    {
      header: 'Sent',
      sort: 'sentAt',
      downFirst: true,
      cell: (quote, format) => date(quote.sentAt, format),
      numeric: true,
      wideOnly: true,
    },
    {
      header: 'Total',
      sort: 'totalCents',
      downFirst: true,
      cell: (quote, format) => cents(quote.totalCents, format),
      numeric: true,
      finance: true,
    },
  ],
  fields: [
    { label: 'Client', value: clientLink },
    { label: 'Total', value: (quote, format) => cents(quote.totalCents, format), finance: true },
    { label: 'Created', value: (quote, format) => dateTime(quote.createdAt, format) },
    { label: 'Sent', value: (quote, format) => dateTime(quote.sentAt, format) },
  ],
  empty: 'Quotes made in Jobber show here.',
}
