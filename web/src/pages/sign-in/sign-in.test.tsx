import { cleanup, fireEvent, screen, waitFor } from '@testing-library/react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { SignInProvider } from '../../api/types'
import { type Answer, open, Refusal } from '../../test/dashboard'

vi.mock('../../realtime', () => ({ connect: () => () => {} }))

const firebase = vi.hoisted(() => ({
  idTokenFor: vi.fn(),
  sendVerification: vi.fn(),
  sendPasswordReset: vi.fn(),
}))
vi.mock('../../session/firebase', () => firebase)
const leaveFor = vi.hoisted(() => vi.fn())
vi.mock('../../session/provider', () => ({ leaveFor }))

const config = (providers?: SignInProvider[]) => ({
  '/api/v1/config': () => ({
    firebase: { apiKey: '', authDomain: '', projectId: '', providers },
    realtimeUrl: 'http://live.test',
  }),
})

const stranger = (answers: Record<string, Answer> = {}, path = '/sign-in') =>
  open(path, ['self:manage'], answers, { signedIn: false })

const signIn = async () => {
  fireEvent.change(await screen.findByTestId('sign-in-email'), { target: { value: 'a@example.test' } })
  fireEvent.change(screen.getByTestId('sign-in-password'), { target: { value: 'pw' } })
  fireEvent.click(screen.getByTestId('sign-in-submit'))
}

beforeEach(() => {
  firebase.idTokenFor.mockResolvedValue('id')
  leaveFor.mockResolvedValue(undefined)
})

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  vi.resetAllMocks()
  localStorage.clear()
})

describe('the sign-in', () => {
  it.each([
    [403, 'You are signed in, but in no business on Fieldboard.', 'in no business'],
    [401, 'The sign-in has expired. Sign in again.', 'has expired'],
    [503, 'Sessions cannot be reached.', 'Try again in a moment'],
  ])(
    'tells of a refusal %i what the server says of it, if it is for people',
    async (status, detail, shown) => {
      await stranger({ 'POST /api/v1/session': () => new Refusal(status, detail) })
      await signIn()
      expect((await screen.findByTestId('sign-in-error')).textContent).toContain(shown)
      expect(screen.queryByRole('button', { name: /verification mail/ })).toBeNull()
    },
  )

  it('says how long to wait after too many attempts', async () => {
    await stranger({ 'POST /api/v1/session': () => new Refusal(429, 'Slow down.', { retryAfter: 150 }) })
    await signIn()
    expect((await screen.findByTestId('sign-in-error')).textContent).toBe(
      'Too many attempts. Try again in 3 minutes.',
    )
  })

  it('offers the verification mail once more to who has not answered it', async () => {
    const detail =
      'This business lets in verified email addresses only. Open the link in the verification mail.'
    await stranger({ 'POST /api/v1/session': () => new Refusal(403, detail, { code: 'email_unverified' }) })
    await signIn()
    fireEvent.click(await screen.findByRole('button', { name: 'Send the verification mail again' }))
    await screen.findByText(/The mail is on its way/)
    expect(firebase.sendVerification).toHaveBeenCalledTimes(1)
  })

  it('says why the mail could not be sent', async () => {
    firebase.sendVerification.mockRejectedValue(new Error('Too many attempts.'))
    await stranger({ 'POST /api/v1/session': () => new Refusal(403, 'No.', { code: 'email_unverified' }) })
    await signIn()
    fireEvent.click(await screen.findByRole('button', { name: /verification mail/ }))
    await screen.findByText('Too many attempts.')
    expect(screen.getByRole('button', { name: /verification mail/ })).toBeTruthy()
  })

  it('shows why a session ended, to who had one', async () => {
    localStorage.setItem('fieldboard-signed-in', 'yes')
    await stranger({
      '/api/v1/session/refresh': () => new Refusal(401, 'An old token of it was used again.'),
    })
    expect((await screen.findByTestId('sign-in-ended')).textContent).toBe(
      'An old token of it was used again.',
    )
  })

  it('tells a stranger of no session', async () => {
    await stranger()
    await screen.findByTestId('sign-in-email')
    expect(screen.queryByTestId('sign-in-ended')).toBeNull()
  })

  it('leaves for a provider where there is one, and knows where to go on', async () => {
    const google = { id: 'google.com', name: 'Google', authorizationUrl: 'https://g.test', clientId: 'c' }
    const { last } = await stranger(config([google]), '/sign-in?next=%2Fvisits')
    fireEvent.click(await screen.findByRole('button', { name: 'Continue with Google' }))
    await waitFor(() => expect(leaveFor).toHaveBeenCalledWith(google, { next: '/visits' }))
    expect(last('POST /api/v1/session')).toBeUndefined()
  })

  it('says why it could not leave', async () => {
    leaveFor.mockRejectedValue(new Error('This browser keeps nothing.'))
    const okta = { id: 'oidc.okta', name: 'Okta', authorizationUrl: 'https://o.test', clientId: 'c' }
    await stranger(config([okta]))
    fireEvent.click(await screen.findByTestId('sign-in-oidc.okta'))
    expect((await screen.findByTestId('sign-in-error')).textContent).toBe('This browser keeps nothing.')
    expect((screen.getByTestId('sign-in-submit') as HTMLButtonElement).disabled).toBe(false)
  })

  it('has none where it has not', async () => {
    await stranger(config())
    await screen.findByTestId('sign-in-email')
    expect(screen.queryByRole('button', { name: /Continue with/ })).toBeNull()
  })

  it('sends a link for a new password and says the same of every address', async () => {
    firebase.sendPasswordReset.mockResolvedValue(undefined)
    await stranger()
    fireEvent.change(await screen.findByTestId('sign-in-email'), { target: { value: 'a@example.test' } })
    fireEvent.click(screen.getByRole('button', { name: 'Forgot your password?' }))
    expect((screen.getByLabelText('Email') as HTMLInputElement).value).toBe('a@example.test')
    fireEvent.click(screen.getByRole('button', { name: 'Send the link' }))
    expect((await screen.findByTestId('reset-sent')).textContent).toContain('If a@example.test signs in')
    expect(firebase.sendPasswordReset).toHaveBeenCalledWith(expect.anything(), 'a@example.test')
    fireEvent.click(screen.getByRole('button', { name: 'Back to sign-in' }))
    await screen.findByTestId('sign-in-password')
  })
})
