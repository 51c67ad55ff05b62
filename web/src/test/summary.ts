import type { Summary } from '../api/types'

/** What the overview shows to who may see money, and to who may not. */
export function summary(finance: boolean): Summary {
  const money = {
    cents: 1_234_500,
    previousCents: 1_000_000,
    change: 0.2345,
    granularity: 'day' as const,
    trend: [{ start: '2026-11-24', cents: 1_234_500 }],
    previousTrend: [{ start: '2026-11-23', cents: 1_000_000 }],
  }
  const column = (...stages: string[]) => ({
    count: stages.length,
    cents: finance ? 500 : null,
    stages: stages.map(stage => ({ stage, count: 1, cents: finance ? 500 : null })),
  })
  return {
    period: {
      name: 'today',
      from: '2026-11-24',
      to: '2026-11-24',
      previousFrom: '2026-11-23',
      previousTo: '2026-11-23',
      timeZone: 'America/Denver',
    },
    currency: 'USD',
    revenue: finance ? money : null,
    collected: finance ? money : null,
    receivables: finance
      ? { cents: 99_000, invoices: 1, ageing: [{ bucket: '0-30', cents: 99_000, invoices: 1 }] }
      : null,
    visitsToday: { date: '2026-11-24', total: 3, completed: 1, inProgress: 1, late: 1, upcoming: 0 },
    pipeline: {
      requests: column('new', 'assessment', 'assessed'),
      quotes: column('draft', 'awaitingResponse', 'changesRequested', 'approved'),
      jobs: column('active', 'requiresInvoicing'),
      invoices: column('draft', 'awaitingPayment'),
    },
    quoteConversion: { sent: 0, won: 0, sentCents: null, wonCents: null, rate: null },
    crewUtilisation: [],
    asOf: { at: '2026-11-24T17:00:00Z', state: 'live', sources: [] },
  }
}
