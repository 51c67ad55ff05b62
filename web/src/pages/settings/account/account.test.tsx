import { cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { AccountDetails, LegalHold, Permission } from '../../../api/types'
import { open, Refusal } from '../../../test/dashboard'

vi.mock('../../../realtime', () => import('../../../test/realtime'))

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  localStorage.clear()
})

const may: Permission[] = ['self:manage', 'member:read', 'account:manage']

const account = (days = 730, legalHold: LegalHold = { on: false }): AccountDetails => ({
  id: 'acc_1',
  name: 'Demo',
  timeZone: 'America/Denver',
  currency: 'USD',
  plan: 'standard',
  settings: {
    requireVerifiedEmail: false,
    privileged: { idleMinutes: 30, absoluteMinutes: 720 },
    standard: { idleMinutes: 1440, absoluteMinutes: 43_200 },
    auditRetentionDays: days,
  },
  legalHold,
})

const held: LegalHold = { on: true, reason: 'Case 12', by: 'ada', since: '2026-03-01T12:00:00Z' }

const button = (name: string) => screen.findByRole('button', { name })

/** The group of settings with a heading. */
const group = async (name: string) => within(await screen.findByRole('region', { name }))

const choose = async (span: string) => {
  fireEvent.click(await screen.findByRole('combobox', { name: 'Keep events for' }))
  fireEvent.click(await screen.findByRole('option', { name: span }))
}

describe('how long events are kept', () => {
  it('is saved at once when it is longer', async () => {
    const { last } = await open('/settings/account', may, {
      'GET /api/v1/account': () => account(),
      'PATCH /api/v1/account': () => account(5 * 365),
    })
    await choose('5 years')
    expect(screen.getByText('Events older than 5 years are removed for good.')).toBeTruthy()
    fireEvent.click((await group('How long events are kept')).getByRole('button', { name: 'Save' }))
    await screen.findByText('Events are kept for 5 years.')
    expect(last('PATCH /api/v1/account')?.body).toEqual({ settings: { auditRetentionDays: 1825 } })
  })

  it('is asked about when it is shorter', async () => {
    const { last } = await open('/settings/account', may, {
      'GET /api/v1/account': () => account(),
      'PATCH /api/v1/account': () => account(365),
    })
    await choose('1 year')
    fireEvent.click((await group('How long events are kept')).getByRole('button', { name: 'Save' }))
    await screen.findByRole('dialog', { name: 'Keep events for only 1 year?' })
    expect(last('PATCH /api/v1/account')).toBeUndefined()
    fireEvent.click(await button('Keep them for less'))
    await screen.findByText('Events are kept for 1 year.')
    expect(last('PATCH /api/v1/account')?.body).toEqual({ settings: { auditRetentionDays: 365 } })
  })

  it('offers what is set beside the usual spans', async () => {
    await open('/settings/account', may, { 'GET /api/v1/account': () => account(90) })
    fireEvent.click(await screen.findByRole('combobox', { name: 'Keep events for' }))
    const options = within(await screen.findByRole('listbox')).getAllByRole('option')
    expect(options.map(option => option.textContent)).toEqual([
      '90 days',
      '1 year',
      '2 years',
      '3 years',
      '5 years',
      '7 years',
    ])
  })
})

describe('the legal hold', () => {
  it('begins with a reason and not without', async () => {
    const { last } = await open('/settings/account', may, {
      'GET /api/v1/account': () => account(),
      'PATCH /api/v1/account': () => account(730, { ...held, by: 'u' }),
    })
    fireEvent.click(await button('Begin a legal hold'))
    fireEvent.click(await button('Begin'))
    await screen.findByText('Say why.')
    expect(last('PATCH /api/v1/account')).toBeUndefined()
    fireEvent.change(screen.getByRole('textbox', { name: 'Reason' }), { target: { value: ' Case 12 ' } })
    fireEvent.click(await button('Begin'))
    await screen.findByText('The legal hold is on.')
    expect(last('PATCH /api/v1/account')?.body).toEqual({
      settings: { legalHold: { on: true, reason: 'Case 12' } },
    })
    expect((await screen.findByTestId('legal-hold')).textContent).toContain('begun by you')
  })

  it('says since when it is on, by whom and what that means, and ends', async () => {
    const { last } = await open('/settings/account', may, {
      'GET /api/v1/account': () => account(730, held),
      'GET /api/v1/members': () => ({ items: [{ id: 'ada', name: 'Ada' }] }),
      'PATCH /api/v1/account': () => account(),
    })
    const shown = await screen.findByTestId('legal-hold')
    await waitFor(() => expect(shown.textContent).toMatch(/On since .*Mar.*, begun by Ada/))
    expect(shown.textContent).toContain('Case 12')
    expect(shown.textContent).toContain('No event is removed or erased while it is on.')
    expect(screen.getByText('Events older than 2 years stay until the legal hold ends.')).toBeTruthy()
    fireEvent.click(await button('End the legal hold'))
    fireEvent.click(await button('End the hold'))
    await screen.findByText('The legal hold has ended.')
    expect(last('PATCH /api/v1/account')?.body).toEqual({ settings: { legalHold: { on: false } } })
  })

  it('shows why it was refused beside the reason', async () => {
    await open('/settings/account', may, {
      'GET /api/v1/account': () => account(),
      'PATCH /api/v1/account': () =>
        new Refusal(422, 'No.', {
          errors: [{ location: 'settings.legalHold.reason', message: 'must have 1 to 500 bytes' }],
        }),
    })
    fireEvent.click(await button('Begin a legal hold'))
    fireEvent.change(await screen.findByRole('textbox', { name: 'Reason' }), { target: { value: 'é' } })
    fireEvent.click(await button('Begin'))
    await screen.findByText('Must have 1 to 500 bytes.')
  })
})
