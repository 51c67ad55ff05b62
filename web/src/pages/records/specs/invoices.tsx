import { Status } from '../../../ui/status'
import { cents, clientLink, date, numbered, owed } from '../parts'
import { lastChanged, type Spec } from '../spec'

export const invoices: Spec<'invoices'> = {
  collection: 'invoices',
  searches: 'Search by number, subject or client',
  statuses: ['draft', 'awaitingPayment', 'pastDue', 'paid', 'badDebt', 'voided'],
  defaultSort: '-issuedDate',
  sorts: [
    { value: '-issuedDate', label: 'Last issued' },
    { value: 'dueDate', label: 'Due first' },
    { value: '-balanceCents', label: 'Largest balance' },
    lastChanged,
  ],
  name: invoice => numbered(invoice.number, invoice.subject) || 'Invoice',
  context: (invoice, format) =>
    [invoice.clientName, invoice.dueDate && `due ${format.date(invoice.dueDate)}`]
      .filter(Boolean)
      .join(' · '),
  status: invoice => invoice.status,
  figure: (invoice, format) => cents(invoice.totalCents, format) ?? undefined,
  figureIsFinance: true,
  columns: [
    { header: 'Client', cell: invoice => invoice.clientName },
    { header: 'Status', cell: invoice => <Status value={invoice.status} /> },
    {
      header: 'Issued',
      sort: 'issuedDate',
      downFirst: true,
      cell: (invoice, format) => date(invoice.issuedDate, format),
      numeric: true,
      wideOnly: true,
    },
    {
      header: 'Due',
      sort: 'dueDate',
      downFirst: true,
      cell: (invoice, format) => date(invoice.dueDate, format),
      numeric: true,
      wideOnly: true,
    },
    {
      header: 'Balance',
      sort: 'balanceCents',
      downFirst: true,
      cell: (invoice, format) => owed(invoice.balanceCents, format),
      numeric: true,
      finance: true,
    },
    {
      header: 'Total',
      sort: 'totalCents',
      downFirst: true,
      cell: (invoice, format) => cents(invoice.totalCents, format),
      numeric: true,
      finance: true,
    },
  ],
  fields: [
    { label: 'Client', value: clientLink },
    { label: 'Total', value: (invoice, format) => cents(invoice.totalCents, format), finance: true },
    { label: 'Of which tax', value: (invoice, format) => cents(invoice.taxCents, format), finance: true },
    { label: 'Balance', value: (invoice, format) => cents(invoice.balanceCents, format), finance: true },
    { label: 'Issued', value: (invoice, format) => date(invoice.issuedDate, format) },
    { label: 'Due', value: (invoice, format) => date(invoice.dueDate, format) },
    { label: 'Paid', value: (invoice, format) => date(invoice.receivedDate, format) },
  ],
  empty: 'Invoices made in Jobber show here.',
}
