import { cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Grants, Permission } from '../api/types'
import { open, Refusal } from '../test/dashboard'
import { summary } from '../test/summary'

vi.mock('../realtime', () => import('../test/realtime'))

const all: Permission[] = ['record:read', 'finance:read', 'sync:manage', 'jobber:connect']

const visit = (n: number) => ({
  id: `Visit_${n}`,
  title: `Visit ${n}`,
  state: 'upcoming',
  isComplete: false,
  allDay: false,
  assignedUsers: [],
})

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  localStorage.clear()
})

describe('the overview', () => {
  it('shows the money to those who may read it', async () => {
    await open('/?period=today', all, { '/api/v1/dashboard/summary': () => summary(true) })
    const revenue = await screen.findByTestId('kpi-revenue')
    expect(revenue.textContent).toContain('$12,345')
    expect(revenue.textContent).toContain('up 23.5%')
    expect(screen.getByTestId('kpi-receivables').textContent).toContain('1 invoice')
    expect(screen.getByRole('link', { name: 'Payments' })).toBeTruthy()
  })

  it('has no trace of money for those who may not, in the figures and in the menu', async () => {
    await open('/?period=today', ['record:read'], { '/api/v1/dashboard/summary': () => summary(false) })
    expect((await screen.findByTestId('visits-completed')).textContent).toBe('1')
    for (const id of ['kpi-revenue', 'kpi-collected', 'kpi-receivables'])
      expect(screen.queryByTestId(id)).toBeNull()
    expect(screen.queryByText('Trend')).toBeNull()
    expect(document.body.textContent).not.toContain('$')
    for (const name of ['Invoices', 'Payments', 'Jobber'])
      expect(screen.queryByRole('link', { name })).toBeNull()
    expect(screen.getAllByRole('link', { name: 'Jobs' }).length).toBeGreaterThan(0)
  })

  it('says what fills in while the business is being copied', async () => {
    const copying = summary(true)
    copying.asOf = {
      at: null,
      state: 'copying',
      sources: [
        { collection: 'clients', state: 'live', records: 2_000, copied: 2_000, expected: 2_000, asOf: null },
        { collection: 'visits', state: 'copying', records: 500, copied: 500, expected: 15_000, asOf: null },
      ],
    }
    await open('/', all, { '/api/v1/dashboard/summary': () => copying })
    expect((await screen.findByTestId('banner')).textContent).toContain('2,500 of 17,000 records')
    expect(screen.getByTestId('as-of').textContent).toBe('Not complete yet')
  })

  it('shows a failure with a way to try again', async () => {
    let works = false
    await open('/', all, { '/api/v1/dashboard/summary': () => (works ? summary(true) : new Refusal(500)) })
    expect((await screen.findByRole('alert')).textContent).toContain('This could not be loaded')
    works = true
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }))
    expect(await screen.findByTestId('kpi-revenue')).toBeTruthy()
  })

  it('does not offer to try again what the role may not see', async () => {
    await open('/invoices', ['record:read'], { '/api/v1/invoices': () => new Refusal(403) })
    expect((await screen.findByRole('alert')).textContent).toContain('Not open to your role')
    expect(screen.queryByRole('button', { name: 'Try again' })).toBeNull()
  })
})

describe('a technician', () => {
  const grants: Grants = { 'self:manage': 'account', 'summary:read': 'account', 'record:read': 'team' }
  const answers = {
    '/api/v1/dashboard/summary': () => summary(false),
    '/api/v1/dashboard/activity': () => new Refusal(403),
  }

  it('sees the overview and the visits, and nothing that takes the whole account', async () => {
    const { asked } = await open('/?period=today', grants, answers, { role: 'technician' })
    expect((await screen.findByTestId('visits-total')).textContent).toBe('3')
    const pages = within(screen.getByRole('navigation', { name: 'Pages' }))
    expect(pages.getAllByRole('link').map(link => link.textContent)).toEqual([
      'Overview',
      'Visits',
      'Settings',
    ])
    for (const name of ['Clients', 'Requests', 'Quotes', 'Jobs', 'Invoices', 'Payments', 'See all jobs'])
      expect(screen.queryByRole('link', { name })).toBeNull()
    expect(screen.queryByText('Activity')).toBeNull()
    expect(asked.some(line => line.includes('/activity'))).toBe(false)
  })

  it('is told why there may be no visits', async () => {
    await open('/?period=today', grants, answers, { role: 'technician' })
    await screen.findByText('No visits for your team today')
    screen.getByText(/may not be linked to a person in Jobber yet/)
    cleanup()
    await open('/visits', grants, answers, { role: 'technician' })
    await screen.findByText(/not linked to a person in Jobber yet, or your team has no visits/)
  })

  it('is told what counts everybody’s visits, and what the team’s alone', async () => {
    const visits = { '/api/v1/visits': () => ({ items: [visit(1)] }) }
    await open('/?period=today', grants, { ...answers, ...visits }, { role: 'technician' })
    await screen.findByRole('article', { name: 'Visits today, all teams' })
    expect((await screen.findByTestId('visits-total')).textContent).toBe('3')
    const panel = within(screen.getByRole('region', { name: 'Your team’s visits today' }))
    await panel.findByTestId('visit-row')
    const counted = ['completed', 'inProgress', 'late', 'upcoming'].map(
      state => panel.getByTestId(`visits-state-${state}`).textContent,
    )
    expect(counted.map(Number).reduce((sum, one) => sum + one)).toBe(1)
  })

  it('reads the client and the job of a visit, and cannot open them', async () => {
    await open(
      '/visits/Visit_1',
      grants,
      {
        '/api/v1/visits': () => ({ items: [visit(1)] }),
        '/api/v1/visits/Visit_1': () => ({
          ...visit(1),
          clientId: 'Client_1',
          clientName: 'Ana Lopez',
          jobId: 'Job_1',
          jobNumber: 12,
        }),
      },
      { role: 'technician' },
    )
    const detail = within(await screen.findByTestId('record-detail'))
    expect(detail.getByText('Ana Lopez')).toBeTruthy()
    expect(detail.getByText('#12')).toBeTruthy()
    expect(detail.queryByRole('link', { name: 'Ana Lopez' })).toBeNull()
    expect(detail.queryByRole('link', { name: '#12' })).toBeNull()
  })

  it('is not told of a team when the whole account has no visits', async () => {
    await open('/visits', all, {})
    await screen.findByText('No visits')
    expect(document.body.textContent).not.toContain('your team')
  })
})

describe('a list', () => {
  it('loads page after page by the cursor and stops at the last', async () => {
    const { asked } = await open('/visits?when=all', all, {
      '/api/v1/visits': url => {
        const from = Number(url.searchParams.get('cursor') ?? 0)
        const items = Array.from({ length: 2 }, (_, i) => visit(from + i))
        return { items, nextCursor: from < 4 ? String(from + 2) : undefined }
      },
    })
    const rows = async () => (await screen.findAllByTestId('record-row')).map(row => row.dataset.entity)
    expect(await rows()).toEqual(['Visit_0', 'Visit_1'])
    fireEvent.click(screen.getByTestId('load-more'))
    await waitFor(async () => expect(await rows()).toHaveLength(4))
    fireEvent.click(screen.getByTestId('load-more'))
    await waitFor(async () => expect(await rows()).toEqual([0, 1, 2, 3, 4, 5].map(n => `Visit_${n}`)))
    expect(screen.queryByTestId('load-more')).toBeNull()
    expect(asked.filter(line => line.includes('/visits'))).toEqual([
      'GET /api/v1/visits?sort=-startAt',
      'GET /api/v1/visits?sort=-startAt&cursor=2',
      'GET /api/v1/visits?sort=-startAt&cursor=4',
    ])
  })

  it('goes on past pages that a filter left empty', async () => {
    await open('/visits?when=all&status=late', all, {
      '/api/v1/visits': url =>
        url.searchParams.get('cursor') === '1' ? { items: [visit(7)] } : { items: [], nextCursor: '1' },
    })
    expect((await screen.findByTestId('record-row')).dataset.entity).toBe('Visit_7')
  })

  it('says when nothing matches and clears the filters', async () => {
    const { router } = await open('/jobs?q=nothing', all, {
      '/api/v1/jobs': url => ({
        items: url.searchParams.has('q')
          ? []
          : [
              {
                id: 'Job_1',
                number: '7',
                title: 'Mowing',
                status: 'late',
                totalCents: 100,
                uninvoicedCents: 0,
              },
            ],
      }),
    })
    await screen.findByText('No jobs match')
    fireEvent.click(screen.getByRole('button', { name: 'Clear the filters' }))
    expect((await screen.findByTestId('record-row')).textContent).toContain('#7 Mowing')
    expect(router.state.location.href).toBe('/jobs')
  })

  it('asks for no order by money without the permission', async () => {
    const { asked } = await open('/jobs?sort=-totalCents', ['record:read'], {
      '/api/v1/jobs': () => ({ items: [] }),
    })
    await screen.findByText('No jobs yet')
    expect(asked).toContain('GET /api/v1/jobs?sort=-updatedAt')
  })

  it('opens a record from its address, over the list', async () => {
    const invoice = {
      id: 'Invoice_1',
      number: '3001',
      subject: 'Spring work',
      status: 'pastDue',
      clientId: 'Client_1',
      clientName: 'Ana Lopez',
      totalCents: 12_050,
      taxCents: 0,
      balanceCents: 12_050,
      dueDate: '2026-11-20T07:00:00Z',
      webUri: 'https://jobber.example.test/invoices/1',
    }
    await open('/invoices/Invoice_1', all, {
      '/api/v1/invoices': () => ({ items: [invoice] }),
      '/api/v1/invoices/Invoice_1': () => invoice,
      '/api/v1/payments': () => ({ items: [] }),
    })
    const detail = within(await screen.findByTestId('record-detail'))
    expect(detail.getByText('Past due')).toBeTruthy()
    expect(detail.getAllByText('$120.50')).toHaveLength(2)
    expect(detail.getByText('Nov 20, 2026')).toBeTruthy()
    expect(detail.getByRole('link', { name: 'Ana Lopez' }).getAttribute('href')).toBe('/clients/Client_1')
    expect(detail.getByRole('link', { name: /Open in Jobber/ }).getAttribute('href')).toBe(invoice.webUri)
  })
})

describe('the way in', () => {
  it('sends a stranger to the sign-in and remembers where they wanted to go', async () => {
    const { router } = await open('/jobs/Job_3?status=late', all, {
      '/api/v1/session/refresh': () => new Refusal(401),
    })
    await screen.findByTestId('sign-in-email')
    expect(router.state.location.search).toEqual({ next: '/jobs/Job_3?status=late' })
  })

  it.each(['//evil.test/', '/\\evil.test', 'https://evil.test/'])('does not remember %s', async next => {
    const { router } = await open(`/sign-in?next=${encodeURIComponent(next)}`, all, {
      '/api/v1/session/refresh': () => new Refusal(401),
    })
    await screen.findByTestId('sign-in-email')
    expect(router.state.location.search).toEqual({})
  })

  it('has a page for an address that leads nowhere', async () => {
    await open('/nowhere', all, {})
    expect(await screen.findByText('No such page')).toBeTruthy()
  })
})

describe('the way back from Jobber', () => {
  it('spends the code once and says which business is connected', async () => {
    const { asked } = await open('/connect/jobber?code=123&state=456', all, {
      '/api/v1/jobber/connections': (_, init) =>
        init.body === '{"code":"123","state":"456"}'
          ? { jobberAccount: { id: '1', name: 'Green Co' } }
          : new Refusal(422),
    })
    expect(await screen.findByText('Green Co is connected')).toBeTruthy()
    expect(asked.filter(line => line.startsWith('POST /api/v1/jobber'))).toHaveLength(1)
  })

  it('explains a refusal without asking the server', async () => {
    const { asked } = await open('/connect/jobber?error=access_denied', all, {})
    expect(await screen.findByText(/Access was refused in Jobber/)).toBeTruthy()
    expect(asked.some(line => line.includes('/jobber/'))).toBe(false)
  })
})
