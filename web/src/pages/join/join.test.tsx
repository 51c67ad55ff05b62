import { cleanup, fireEvent, screen, waitFor } from '@testing-library/react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { InvitationOffer } from '../../api/types'
import { type Answer, open, Refusal } from '../../test/dashboard'
import { strengthOf } from './strength'

vi.mock('../../realtime', () => ({ connect: () => () => {} }))

const firebase = vi.hoisted(() => ({
  newIdToken: vi.fn(),
  idTokenFor: vi.fn(),
  freshIdToken: vi.fn(),
  sendVerification: vi.fn(),
  sendPasswordReset: vi.fn(),
}))
vi.mock('../../session/firebase', () => firebase)

const offer: InvitationOffer = {
  accountName: 'Prairie Plumbing',
  email: 'frank@example.test',
  name: 'Frank',
  role: 'technician',
  invitedBy: 'Olive',
  expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
}

function join(path: string, more: Record<string, Answer> = {}, signedIn = false) {
  return open(
    path,
    { 'self:manage': 'account', 'summary:read': 'account' },
    {
      'POST /api/v1/invitations/lookups': () => offer,
      'POST /api/v1/invitations/acceptances': () => ({ accountName: offer.accountName }),
      '/api/v1/dashboard/summary': () => new Refusal(503),
      ...more,
    },
    { signedIn },
  )
}

const choose = async (password: string) => {
  fireEvent.change(await screen.findByTestId('join-password'), { target: { value: password } })
  fireEvent.click(screen.getByTestId('join-submit'))
}

beforeEach(() => {
  firebase.newIdToken.mockResolvedValue({ idToken: 'first' })
  firebase.freshIdToken.mockResolvedValue('fresh')
})

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  vi.resetAllMocks()
  localStorage.clear()
})

describe('an invitation’s link', () => {
  it('gives its token to the server alone, and leaves no trace in the address', async () => {
    const { router, last, asked } = await join('/join#secret-token')
    await screen.findByText('Join Prairie Plumbing')
    expect(screen.getByText('Olive invited you as a technician.')).toBeTruthy()
    expect(screen.getByText('frank@example.test')).toBeTruthy()
    expect(router.state.location.href).toBe('/join')
    expect(last('POST /api/v1/invitations/lookups')?.body).toEqual({ token: 'secret-token' })
    expect(asked.some(line => line.includes('secret-token'))).toBe(false)
  })

  it('makes a sign-in, accepts, and opens the overview', async () => {
    const { router, last, asked } = await join('/join#tok')
    await choose('grape tractor 7')
    await waitFor(() => expect(router.state.location.pathname).toBe('/'))
    expect(firebase.newIdToken).toHaveBeenCalledWith(
      expect.anything(),
      'frank@example.test',
      'grape tractor 7',
    )
    const accepted = last('POST /api/v1/invitations/acceptances')
    expect(accepted?.body).toEqual({ token: 'tok', idToken: 'first' })
    expect(accepted?.idempotencyKey).toBeTruthy()
    // What became known of the address by accepting is only in a token that was made after it.
    expect(last('POST /api/v1/session')?.body).toEqual({ idToken: 'fresh' })
    expect(asked.indexOf('POST /api/v1/invitations/acceptances')).toBeLessThan(
      asked.indexOf('POST /api/v1/session'),
    )
  })

  it('does not take a short password', async () => {
    await join('/join#tok')
    await choose('short')
    expect(screen.getByTestId('join-password').getAttribute('aria-invalid')).toBe('true')
    expect(firebase.newIdToken).not.toHaveBeenCalled()
  })

  it('asks for the password of an address that has one', async () => {
    firebase.newIdToken.mockResolvedValue({ taken: true })
    firebase.idTokenFor.mockResolvedValue('known')
    const { router, last } = await join('/join#tok')
    await choose('grape tractor 7')
    expect((await screen.findByTestId('join-note')).textContent).toContain('signs in to Fieldboard already')
    expect(last('POST /api/v1/invitations/acceptances')).toBeUndefined()
    await screen.findByLabelText('Your password')
    await choose('old')
    await waitFor(() => expect(router.state.location.pathname).toBe('/'))
    expect(firebase.idTokenFor).toHaveBeenCalledWith(expect.anything(), 'frank@example.test', 'old')
    expect(last('POST /api/v1/invitations/acceptances')?.body).toEqual({ token: 'tok', idToken: 'known' })
  })

  it('shows why it was not accepted', async () => {
    await join('/join#tok', {
      'POST /api/v1/invitations/acceptances': () => new Refusal(409, 'You are in another business.'),
    })
    await choose('grape tractor 7')
    expect((await screen.findByTestId('join-error')).textContent).toBe('You are in another business.')
  })

  it('is accepted once, also when the session opens only at the second try', async () => {
    let broken = true
    const { router, asked } = await join('/join#tok', {
      'POST /api/v1/session': () => {
        if (broken) return new Refusal(503)
        return {
          accessToken: 't',
          expiresAt: new Date(Date.now() + 900_000).toISOString(),
          account: { id: 'a', name: 'Prairie Plumbing', timeZone: 'America/Denver', currency: 'USD' },
          member: { id: 'f', email: 'frank@example.test', name: 'Frank', role: 'technician', grants: {} },
        }
      },
    })
    await choose('grape tractor 7')
    expect((await screen.findByTestId('join-error')).textContent).toContain('You have joined')
    broken = false
    fireEvent.click(screen.getByTestId('join-submit'))
    await waitFor(() => expect(router.state.location.pathname).toBe('/'))
    expect(asked.filter(line => line.endsWith('/acceptances'))).toHaveLength(1)
  })

  it('offers the verification mail where the business demands verified addresses', async () => {
    await join('/join#tok', {
      'POST /api/v1/session': () => new Refusal(403, 'Not yet.', { code: 'email_unverified' }),
    })
    await choose('grape tractor 7')
    await screen.findByText('You have joined Prairie Plumbing')
    fireEvent.click(screen.getByRole('button', { name: 'Send the verification mail again' }))
    await screen.findByText(/on its way/)
    expect(firebase.sendVerification).toHaveBeenCalledTimes(1)
  })

  it('is not good when the server does not know it', async () => {
    await join('/join#tok', { 'POST /api/v1/invitations/lookups': () => new Refusal(404) })
    await screen.findByText('This invitation is not good')
    expect(screen.getByRole('link', { name: 'Go to sign-in' }).getAttribute('href')).toBe('/sign-in')
  })

  it('is not complete without its token, and asks nobody', async () => {
    const { asked } = await join('/join')
    await screen.findByText(/link is not complete/)
    expect(asked.some(line => line.includes('/lookups'))).toBe(false)
  })

  it('does not join for whoever is signed in; they can sign out and go on', async () => {
    const { last } = await join('/join#tok', {}, true)
    await screen.findByText('You are signed in as somebody else')
    expect(document.body.textContent).toContain('dana@example.test')
    expect(screen.queryByTestId('join-password')).toBeNull()
    fireEvent.click(screen.getByRole('button', { name: 'Sign out and join' }))
    await screen.findByTestId('join-password')
    expect(last('DELETE /api/v1/session')).toBeTruthy()
    expect(screen.getByText('Join Prairie Plumbing')).toBeTruthy()
  })
})

describe('the strength of a password', () => {
  it.each([
    ['short', 0],
    ['aaaaaaaaaaaa', 1],
    ['password1234', 1],
    ['frank-in-the-van', 1],
    ['grape tractor 7', 2],
    ['grape tractor violet 7', 3],
  ] as const)('of %s is %i', (password, level) => {
    expect(strengthOf(password, ['frank@example.test', 'Frank']).level).toBe(level)
  })
})
