import { valueName } from '../../../format/words'
import { cents, clientLink, date, RecordLink } from '../parts'
import type { Spec } from '../spec'

export const payments: Spec<'payments'> = {
  collection: 'payments',
  searches: 'Search by client',
  statuses: ['PAYMENT', 'DEPOSIT', 'REFUND', 'FAILED_ACH_PAYMENT', 'INITIAL_BALANCE'],
  defaultSort: '-entryDate',
  sorts: [
    { value: '-entryDate', label: 'Newest' },
    { value: '-amountCents', label: 'Largest' },
  ],
  name: payment => (payment.adjustmentType ? valueName(payment.adjustmentType) : 'Payment'),
  context: (payment, format) =>
    [payment.clientName, payment.entryDate && format.date(payment.entryDate)].filter(Boolean).join(' · '),
  figure: (payment, format) => cents(payment.amountCents, format) ?? undefined,
  figureIsFinance: true,
  columns: [
    { header: 'Client', cell: payment => payment.clientName },
    { header: 'Method', cell: payment => payment.paymentType && valueName(payment.paymentType) },
    {
      header: 'Date',
      cell: (payment, format) => date(payment.entryDate, format),
      sort: 'entryDate',
      downFirst: true,
      numeric: true,
    },
    {
      header: 'Amount',
      sort: 'amountCents',
      downFirst: true,
      cell: (payment, format) => cents(payment.amountCents, format),
      numeric: true,
      finance: true,
    },
  ],
  fields: [
    { label: 'Client', value: clientLink },
    { label: 'Amount', value: (payment, format) => cents(payment.amountCents, format), finance: true },
    { label: 'Method', value: payment => payment.paymentType && valueName(payment.paymentType) },
    { label: 'Date', value: (payment, format) => date(payment.entryDate, format) },
    {
      label: 'Invoice',
      value: payment =>
        payment.invoiceId && (
          <RecordLink collection="invoices" id={payment.invoiceId}>
            Open the invoice
          </RecordLink>
        ),
    },
  ],
  empty: 'Payments recorded in Jobber show here.',
}
