import { cleanup, fireEvent, screen, waitFor } from '@testing-library/react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { callbackPath } from '../../session/answer'
import type { Outcome, Purpose } from '../../session/provider'
import { type Answer, open, Refusal } from '../../test/dashboard'

vi.mock('../../realtime', () => ({ connect: () => () => {} }))

const firebase = vi.hoisted(() => ({
  idTokenOf: vi.fn(),
  freshIdToken: vi.fn(),
  sendVerification: vi.fn(),
}))
vi.mock('../../session/firebase', () => firebase)
const provider = vi.hoisted(() => ({ arrive: vi.fn(), leaveFor: vi.fn() }))
vi.mock('../../session/provider', () => provider)

const departure = (purpose: Purpose = {}) => ({
  ...purpose,
  provider: { id: 'google.com', name: 'Google' },
  state: 's',
  nonce: 'raw',
  at: 0,
})

const arriveWith = (outcome: Outcome) => provider.arrive.mockResolvedValue(outcome)

const comeBack = (answers: Record<string, Answer> = {}) =>
  open(
    callbackPath,
    ['self:manage'],
    {
      'POST /api/v1/invitations/lookups': () => ({
        accountName: 'Prairie Plumbing',
        email: 'frank@example.test',
        role: 'technician',
      }),
      'POST /api/v1/invitations/acceptances': () => ({ accountName: 'Prairie Plumbing' }),
      ...answers,
    },
    { signedIn: false },
  )

beforeEach(() => {
  firebase.idTokenOf.mockResolvedValue('ours')
  firebase.freshIdToken.mockResolvedValue('fresh')
})

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  vi.resetAllMocks()
  localStorage.clear()
})

describe('coming back from a provider', () => {
  it('opens a session and goes on where it was left', async () => {
    arriveWith({ idToken: 'theirs', departure: departure({ next: '/settings/sessions' }) })
    const { router, last } = await comeBack()
    await waitFor(() => expect(router.state.location.pathname).toBe('/settings/sessions'))
    expect(firebase.idTokenOf).toHaveBeenCalledExactlyOnceWith(
      expect.anything(),
      { id: 'google.com', name: 'Google' },
      'theirs',
      'raw',
    )
    expect(last('POST /api/v1/session')?.body).toEqual({ idToken: 'ours' })
  })

  it.each([
    ['denied', 'You did not sign in', /cancelled at Google/],
    ['stale', 'This sign-in is over', /too long ago/],
    ['foreign', 'This sign-in was not started here', /nobody was signed in/],
    ['broken', 'Signing in with Google did not work', /use your password/],
  ] as const)('%s says so, opens nothing, and leads back', async (problem, title, text) => {
    arriveWith({ problem, departure: departure({ next: '/visits' }) })
    const { router, last } = await comeBack()
    await screen.findByRole('heading', { name: title })
    screen.getByText(text)
    expect(firebase.idTokenOf).not.toHaveBeenCalled()
    expect(last('POST /api/v1/session')).toBeUndefined()
    fireEvent.click(screen.getByRole('button', { name: 'Back to sign-in' }))
    await screen.findByTestId('sign-in-email')
    expect(router.state.location.search).toEqual({ next: '/visits' })
  })

  it('tells who is in no business', async () => {
    arriveWith({ idToken: 'theirs', departure: departure() })
    await comeBack({ 'POST /api/v1/session': () => new Refusal(403, 'You are in no business.') })
    await screen.findByRole('heading', { name: 'You could not be signed in' })
    expect(screen.getByTestId('sign-in-error').textContent).toBe('You are in no business.')
  })

  it('offers the verification mail to an address that is not verified', async () => {
    arriveWith({ idToken: 'theirs', departure: departure() })
    await comeBack({ 'POST /api/v1/session': () => new Refusal(403, 'No.', { code: 'email_unverified' }) })
    await screen.findByRole('button', { name: 'Send the verification mail again' })
  })

  it('tells what Firebase refused, and leads back to the invitation', async () => {
    arriveWith({ idToken: 'theirs', departure: departure({ invitation: 'inv' }) })
    firebase.idTokenOf.mockRejectedValue(new Error('What Google said of you was not accepted.'))
    const { router } = await comeBack()
    await screen.findByText('What Google said of you was not accepted.')
    fireEvent.click(screen.getByRole('button', { name: 'Back to the invitation' }))
    await screen.findByText('Join Prairie Plumbing')
    expect(router.state.location.href).toBe('/join')
  })

  it('goes on to join by the invitation that it was left with', async () => {
    arriveWith({ idToken: 'theirs', departure: departure({ invitation: 'inv' }) })
    const { router, last, asked } = await comeBack()
    await waitFor(() => expect(router.state.location.pathname).toBe('/'))
    expect(last('POST /api/v1/invitations/acceptances')?.body).toEqual({ token: 'inv', idToken: 'ours' })
    expect(asked.filter(line => line.endsWith('/acceptances'))).toHaveLength(1)
    expect(last('POST /api/v1/session')?.body).toEqual({ idToken: 'fresh' })
  })

  it('stays at the invitation when it is for another address', async () => {
    arriveWith({ idToken: 'theirs', departure: departure({ invitation: 'inv' }) })
    await comeBack({
      'POST /api/v1/invitations/acceptances': () =>
        new Refusal(403, 'This invitation is for another address.'),
    })
    expect((await screen.findByTestId('join-error')).textContent).toBe(
      'This invitation is for another address.',
    )
    expect(screen.getByTestId('join-password')).toBeTruthy()
  })
})
