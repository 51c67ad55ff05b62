import { cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { AccountMember, ApiKey, Invitation, Permission, SignedInSession } from '../../api/types'
import { type Answer, nothing, open, Refusal } from '../../test/dashboard'

vi.mock('../../realtime', () => import('../../test/realtime'))

const owner: Permission[] = [
  'self:manage',
  'record:read',
  'summary:read',
  'finance:read',
  'member:read',
  'member:manage',
  'session:manage',
  'key:manage',
  'account:manage',
  'owner:transfer',
]

const hours = (n: number) => new Date(Date.now() + n * 3_600_000).toISOString()

const member = (id: string, name: string, over: Partial<AccountMember> = {}): AccountMember => ({
  id,
  name,
  email: `${id}@example.test`,
  role: 'dispatcher',
  status: 'active',
  jobberUserId: null,
  current: false,
  ...over,
})

const roles = {
  items: [
    { role: 'owner', grantable: false, grants: { 'record:read': 'account', 'member:manage': 'account' } },
    { role: 'dispatcher', grantable: true, grants: { 'record:read': 'account' } },
    { role: 'technician', grantable: true, grants: { 'record:read': 'team' } },
  ],
}

const invitation = (over: Partial<Invitation> = {}): Invitation => ({
  id: 'i1',
  email: 'frank@example.test',
  name: 'Frank',
  role: 'technician',
  status: 'pending',
  invitedBy: 'Dana',
  createdAt: hours(-1),
  expiresAt: hours(100),
  ...over,
})

/** The API of a business with an owner, a dispatcher, and an administrator that this owner's roles do not reach. */
function business(more: Record<string, Answer> = {}): Record<string, Answer> {
  const members = [
    member('u', 'Dana', { role: 'owner', current: true }),
    member('carla', 'Carla'),
    member('ada', 'Ada', { role: 'admin' }),
  ]
  return {
    'GET /api/v1/members': () => ({ items: members }),
    'GET /api/v1/roles': () => roles,
    'GET /api/v1/invitations': () => ({ items: [] }),
    'GET /api/v1/users': () => ({ items: [{ id: 'User_7', name: 'Carla Mendes', teamName: 'North' }] }),
    ...more,
  }
}

const menu = async (name: string | RegExp) => {
  fireEvent.click(await screen.findByRole('button', { name }))
  return (entry: string | RegExp) => screen.findByRole('menuitem', { name: entry })
}

const button = (name: string | RegExp) => screen.findByRole('button', { name })

const type = (label: string | RegExp, value: string) =>
  fireEvent.change(screen.getByLabelText(label, { selector: 'input,textarea' }), { target: { value } })

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  localStorage.clear()
})

describe('the settings', () => {
  it('show the pages that one may see', async () => {
    await open('/settings', ['self:manage', 'member:read'], business())
    const entries = within(await screen.findByRole('navigation', { name: 'Settings' }))
    expect(entries.getAllByRole('link').map(link => link.textContent)).toEqual([
      'Members',
      'Roles',
      'Your sessions',
    ])
    expect(await screen.findByRole('heading', { name: 'Members' })).toBeTruthy()
  })

  it('lead those who may not see the members to their own sessions', async () => {
    const { router } = await open('/settings', ['self:manage'], {
      'GET /api/v1/sessions': () => ({ items: [] }),
    })
    await screen.findByRole('heading', { name: 'Your sessions' })
    expect(router.state.location.pathname).toBe('/settings/sessions')
  })

  it('do not ask for what the role may not see', async () => {
    const { asked } = await open('/settings/keys', ['self:manage'], {})
    await screen.findByText('Not open to your role')
    expect(asked.some(line => line.includes('/api-keys'))).toBe(false)
  })

  it('have no entry in the menu where there is nothing to set', async () => {
    await open('/visits', ['record:read'], {})
    await screen.findByText('No visits')
    expect(screen.queryByRole('link', { name: 'Settings' })).toBeNull()
  })
})

describe('the members', () => {
  it('are only read by those who may not manage them', async () => {
    const { asked } = await open('/settings/members', ['self:manage', 'member:read'], business())
    expect(await screen.findAllByTestId('member')).toHaveLength(3)
    expect(screen.queryByRole('button', { name: 'Invite' })).toBeNull()
    expect(screen.queryByRole('button', { name: /Actions for/ })).toBeNull()
    expect(screen.queryByRole('button', { name: /Role of/ })).toBeNull()
    expect(asked.some(line => line.includes('/invitations'))).toBe(false)
  })

  it('cannot be changed by one who may do less, nor change themselves', async () => {
    await open('/settings/members', ['self:manage', 'member:read', 'member:manage'], business())
    await button('Role of Carla: Dispatcher. Change it')
    expect(screen.queryByRole('button', { name: /Role of Ada/ })).toBeNull()
    expect(screen.queryByRole('button', { name: /Role of Dana/ })).toBeNull()
    expect(screen.queryByRole('button', { name: /Actions for (Ada|Dana)/ })).toBeNull()
  })

  it('get a role out of those that one may give', async () => {
    const { last } = await open(
      '/settings/members',
      owner,
      business({ 'PATCH /api/v1/members/carla': () => member('carla', 'Carla', { role: 'technician' }) }),
    )
    fireEvent.click(await button(/Role of Carla/))
    const options = await screen.findAllByRole('menuitemradio')
    expect(options.map(option => option.textContent?.match(/^[A-Z][a-z]+/)?.[0])).toEqual([
      'Dispatcher',
      'Technician',
    ])
    fireEvent.click(options[1] as HTMLElement)
    await screen.findByText('Carla is now a technician.')
    expect(last('PATCH /api/v1/members/carla')?.body).toEqual({ role: 'technician' })
  })

  it('show why a change was refused', async () => {
    await open(
      '/settings/members',
      owner,
      business({ 'PATCH /api/v1/members/carla': () => new Refusal(409, 'Ask the owner.') }),
    )
    fireEvent.click(await button(/Role of Carla/))
    fireEvent.click(await screen.findByRole('menuitemradio', { name: /Technician/ }))
    await screen.findByText('Carla was not changed')
    expect(screen.getByText('Ask the owner.')).toBeTruthy()
  })

  it('are removed after a question that says what happens', async () => {
    let gone = false
    const { asked } = await open(
      '/settings/members',
      owner,
      business({
        'GET /api/v1/members': () => ({ items: gone ? [] : [member('carla', 'Carla')] }),
        'DELETE /api/v1/members/carla': () => {
          gone = true
          return nothing
        },
      }),
    )
    const entry = await menu('Actions for Carla')
    fireEvent.click(await entry('Remove'))
    const dialog = within(await screen.findByRole('dialog', { name: 'Remove Carla?' }))
    expect(dialog.getByText(/signed out everywhere at once/)).toBeTruthy()
    expect(asked.some(line => line.startsWith('DELETE'))).toBe(false)
    fireEvent.click(dialog.getByRole('button', { name: 'Remove' }))
    await waitFor(() => expect(screen.queryByTestId('member')).toBeNull())
    expect(asked).toContain('DELETE /api/v1/members/carla')
  })

  it('are disabled after a question, and enabled at once', async () => {
    const { last } = await open(
      '/settings/members',
      owner,
      business({
        'GET /api/v1/members': () => ({
          items: [member('carla', 'Carla'), member('eve', 'Eve', { status: 'disabled' })],
        }),
        'PATCH /api/v1/members/carla': () => member('carla', 'Carla', { status: 'disabled' }),
        'PATCH /api/v1/members/eve': () => member('eve', 'Eve'),
      }),
    )
    fireEvent.click(await (await menu('Actions for Carla'))('Disable'))
    expect(last('PATCH /api/v1/members/carla')).toBeUndefined()
    fireEvent.click(await screen.findByTestId('confirm'))
    await screen.findByText('Carla can no longer sign in.')
    expect(last('PATCH /api/v1/members/carla')?.body).toEqual({ status: 'disabled' })
    fireEvent.click(await (await menu('Actions for Eve'))('Enable'))
    await screen.findByText('Eve can sign in again.')
    expect(last('PATCH /api/v1/members/eve')?.body).toEqual({ status: 'active' })
  })

  it('become the owner only when their name is typed', async () => {
    const { asked, last } = await open(
      '/settings/members',
      owner,
      business({ 'POST /api/v1/account/owner': () => nothing }),
    )
    fireEvent.click(await (await menu('Actions for Carla'))('Make the owner'))
    const go = (await button('Make the owner')) as HTMLButtonElement
    expect(go.disabled).toBe(true)
    type('Type Carla to confirm', 'Carl')
    expect(go.disabled).toBe(true)
    type('Type Carla to confirm', 'carla ')
    expect(go.disabled).toBe(false)
    const refreshes = asked.filter(line => line.endsWith('/session/refresh')).length
    fireEvent.click(go)
    await screen.findByText(/Carla is now the owner/)
    expect(last('POST /api/v1/account/owner')?.body).toEqual({ memberId: 'carla' })
    await waitFor(() =>
      expect(asked.filter(line => line.endsWith('/session/refresh')).length).toBe(refreshes + 1),
    )
  })

  it('cannot become the owner by the hand of an administrator', async () => {
    await open(
      '/settings/members',
      owner.filter(permission => permission !== 'owner:transfer'),
      business(),
    )
    const entry = await menu('Actions for Carla')
    await entry('Remove')
    expect(screen.queryByRole('menuitem', { name: 'Make the owner' })).toBeNull()
  })

  it('are linked to a person in Jobber', async () => {
    const { last } = await open(
      '/settings/members',
      owner,
      business({
        'GET /api/v1/members': () => ({
          items: [
            member('carla', 'Carla', { role: 'technician' }),
            member('tom', 'Tom', { role: 'technician', jobberUserId: 'User_7' }),
          ],
        }),
        'PATCH /api/v1/members/carla': () => member('carla', 'Carla', { jobberUserId: 'User_7' }),
      }),
    )
    expect(await screen.findByText('Not linked to a person in Jobber')).toBeTruthy()
    expect((await screen.findByText(/Carla Mendes in Jobber/)).textContent).not.toContain('User_7')
    fireEvent.click(await (await menu('Actions for Carla'))('Person in Jobber'))
    fireEvent.click(await screen.findByRole('combobox', { name: 'Person in Jobber' }))
    fireEvent.click(await screen.findByRole('option', { name: 'Carla Mendes · North' }))
    fireEvent.click(await button('Save'))
    await waitFor(() => expect(last('PATCH /api/v1/members/carla')?.body).toEqual({ jobberUserId: 'User_7' }))
  })

  it('have sessions that are ended one by one or all', async () => {
    const { asked } = await open(
      '/settings/members',
      owner,
      business({
        'GET /api/v1/members/carla/sessions': () => ({ items: [session('s1'), session('s2')] }),
        'DELETE /api/v1/members/carla/sessions/s1': () => nothing,
        'DELETE /api/v1/members/carla/sessions': () => nothing,
      }),
    )
    fireEvent.click(await (await menu('Actions for Carla'))('Sessions'))
    expect(await screen.findAllByTestId('session')).toHaveLength(2)
    expect(screen.queryByRole('button', { name: /Rename/ })).toBeNull()
    fireEvent.click(
      (await screen.findAllByRole('button', { name: 'End Chrome on Windows' }))[0] as HTMLElement,
    )
    await waitFor(() => expect(asked).toContain('DELETE /api/v1/members/carla/sessions/s1'))
    fireEvent.click(await button('End all sessions'))
    fireEvent.click(await screen.findByTestId('confirm'))
    await waitFor(() => expect(asked).toContain('DELETE /api/v1/members/carla/sessions'))
  })
})

describe('an invitation', () => {
  it('shows its link once and tells whether it was mailed', async () => {
    const link = 'https://fieldboard.example.test/join#tok'
    const { last, asked } = await open(
      '/settings/members',
      owner,
      business({
        'POST /api/v1/invitations': () => ({ ...invitation(), link, mailed: false }),
      }),
    )
    fireEvent.click(await button('Invite'))
    await screen.findByRole('dialog', { name: 'Invite somebody' })
    type('Email', ' frank@example.test ')
    type('Name', 'Frank')
    fireEvent.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Invite' }))
    expect((await screen.findByTestId('invitation-link')).textContent).toBe(link)
    expect(screen.getByText(/could not be sent/)).toBeTruthy()
    expect(last('POST /api/v1/invitations')?.body).toEqual({
      email: 'frank@example.test',
      name: 'Frank',
      role: 'dispatcher',
    })
    expect(asked.filter(line => line.startsWith('GET /api/v1/invitations'))).toHaveLength(2)
    fireEvent.click(await button('Done'))
    await waitFor(() => expect(screen.queryByTestId('invitation-link')).toBeNull())
    fireEvent.click(await button('Invite'))
    await screen.findByLabelText('Email')
    expect(document.body.textContent).not.toContain(link)
  })

  it('tells what is wrong beside the field, and sends the same try under one key', async () => {
    let answers = [
      new Refusal(422, 'Correct the fields.', {
        errors: [{ location: 'body.email', message: 'must be an email address' }],
      }) as unknown,
      new Refusal(503, 'Later.'),
      { ...invitation(), link: 'https://fieldboard.example.test/join#tok' },
    ]
    const keys: (string | null)[] = []
    const { last } = await open(
      '/settings/members',
      owner,
      business({
        'POST /api/v1/invitations': () => {
          const [answer, ...rest] = answers
          answers = rest
          return answer
        },
      }),
    )
    fireEvent.click(await button('Invite'))
    const dialog = within(await screen.findByRole('dialog'))
    const send = () => fireEvent.click(dialog.getByRole('button', { name: 'Invite' }))
    send()
    expect(await dialog.findByText('Enter the address to invite.')).toBeTruthy()
    expect(last('POST /api/v1/invitations')).toBeUndefined()
    type('Email', 'frank')
    send()
    expect(await dialog.findByText('Must be an email address.')).toBeTruthy()
    const email = screen.getByLabelText('Email')
    expect(email.getAttribute('aria-invalid')).toBe('true')
    await waitFor(() => expect(document.activeElement).toBe(email))
    keys.push(last('POST /api/v1/invitations')?.idempotencyKey ?? null)
    type('Email', 'frank@example.test')
    send()
    expect(await dialog.findByText(/That did not work/)).toBeTruthy()
    keys.push(last('POST /api/v1/invitations')?.idempotencyKey ?? null)
    send()
    await screen.findByTestId('invitation-link')
    keys.push(last('POST /api/v1/invitations')?.idempotencyKey ?? null)
    expect(keys.every(key => key && key.length > 20)).toBe(true)
    expect(keys[1]).not.toBe(keys[0])
    expect(keys[2]).toBe(keys[1])
  })

  it('is renewed, which shows the new link, and withdrawn', async () => {
    const { last, asked } = await open(
      '/settings/members',
      owner,
      business({
        'GET /api/v1/invitations': () => ({
          items: [invitation(), invitation({ id: 'i2', email: 'gone@example.test', status: 'accepted' })],
        }),
        'POST /api/v1/invitations/i1/renewals': () => ({
          ...invitation(),
          link: 'https://fieldboard.example.test/join#new',
        }),
        'DELETE /api/v1/invitations/i1': () => nothing,
      }),
    )
    const list = within(await screen.findByRole('list', { name: 'Invitations' }))
    expect(list.getAllByRole('listitem')).toHaveLength(1)
    expect(list.getByText(/Expires in 4 days/)).toBeTruthy()
    fireEvent.click(await (await menu(/invitation of frank/))('Make a new link'))
    expect((await screen.findByTestId('invitation-link')).textContent).toContain('#new')
    expect(last('POST /api/v1/invitations/i1/renewals')?.idempotencyKey).toBeTruthy()
    fireEvent.click(await button('Done'))
    fireEvent.click(await (await menu(/invitation of frank/))('Withdraw'))
    fireEvent.click(await screen.findByTestId('confirm'))
    await waitFor(() => expect(asked).toContain('DELETE /api/v1/invitations/i1'))
  })
})

describe('the roles', () => {
  it('are told in plain words, with how far they reach', async () => {
    await open('/settings/roles', ['self:manage'], { 'GET /api/v1/roles': () => roles })
    const row = await screen.findByRole('row', { name: /See clients, requests, quotes, jobs and visits/ })
    expect(
      within(row)
        .getAllByRole('cell')
        .map(cell => cell.textContent),
    ).toEqual(['Yes', 'Yes', 'Own team'])
    const manage = screen.getByRole('row', { name: /Invite, change and remove members/ })
    expect(
      within(manage)
        .getAllByRole('cell')
        .map(cell => cell.textContent),
    ).toEqual(['Yes', '–No', '–No'])
    expect(document.body.textContent).not.toContain('record:read')
  })
})

function session(id: string, over: Partial<SignedInSession> = {}): SignedInSession {
  return {
    id,
    name: '',
    current: false,
    userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36',
    ipAddress: '203.0.113.7',
    createdAt: hours(-48),
    lastUsedAt: hours(-2),
    expiresAt: hours(20),
    endsAt: hours(400),
    ...over,
  }
}

describe('one’s own sessions', () => {
  const two = () => ({ items: [session('s1', { current: true }), session('s2', { name: 'Van' })] })

  it('are told apart, and the present one cannot be ended', async () => {
    await open('/settings/sessions', ['self:manage'], { 'GET /api/v1/sessions': two })
    const [here, there] = await screen.findAllByTestId('session')
    expect(here?.textContent).toContain('This session')
    expect(within(here as HTMLElement).queryByRole('button', { name: /^End/ })).toBeNull()
    expect(there?.textContent).toContain('Van')
    expect(there?.textContent).toContain('Chrome on Windows')
    expect(there?.textContent).toContain('203.0.113.7')
  })

  it('are renamed in place, and Escape leaves the name', async () => {
    const { last } = await open('/settings/sessions', ['self:manage'], {
      'GET /api/v1/sessions': two,
      'PATCH /api/v1/sessions/s2': () => session('s2', { name: 'Truck' }),
    })
    fireEvent.click(await button('Rename Van'))
    fireEvent.keyDown(screen.getByLabelText('Name of the session'), { key: 'Escape' })
    await button('Rename Van')
    expect(last('PATCH /api/v1/sessions/s2')).toBeUndefined()
    fireEvent.click(await button('Rename Van'))
    type('Name of the session', ' Truck ')
    fireEvent.click(await button('Save the name'))
    await waitFor(() => expect(last('PATCH /api/v1/sessions/s2')?.body).toEqual({ name: 'Truck' }))
    await waitFor(() => expect(screen.queryByLabelText('Name of the session')).toBeNull())
  })

  it('are ended one by one, and all others after a question', async () => {
    const { asked } = await open('/settings/sessions', ['self:manage'], {
      'GET /api/v1/sessions': two,
      'DELETE /api/v1/sessions/s2': () => nothing,
      'DELETE /api/v1/sessions': () => nothing,
    })
    fireEvent.click(await button('End Van'))
    await waitFor(() => expect(asked).toContain('DELETE /api/v1/sessions/s2'))
    fireEvent.click(await button('End all others'))
    await screen.findByRole('dialog', { name: 'End 1 other session?' })
    expect(asked).not.toContain('DELETE /api/v1/sessions')
    fireEvent.click(await screen.findByTestId('confirm'))
    await waitFor(() => expect(asked).toContain('DELETE /api/v1/sessions'))
  })
})

describe('the API keys', () => {
  const key = (over: Partial<ApiKey> = {}): ApiKey => ({
    id: 'k1',
    name: 'Report',
    prefix: 'fbk_abc',
    permissions: ['summary:read'],
    createdBy: 'Dana',
    createdById: 'u',
    createdAt: hours(-100),
    expiresAt: null,
    lastUsedAt: null,
    ipAllow: [],
    status: 'active',
    overlapEndsAt: null,
    ...over,
  })

  it('say what they are for when there is none', async () => {
    await open('/settings/keys', owner, { 'GET /api/v1/api-keys': () => ({ items: [] }) })
    await screen.findByText('No API keys yet')
    expect(screen.getAllByRole('button', { name: 'Create a key' })).toHaveLength(1)
  })

  it('are listed with their state, and only living ones can be changed', async () => {
    await open('/settings/keys', owner, {
      'GET /api/v1/api-keys': () => ({
        items: [key({ id: 'k2', name: 'Old', status: 'revoked' }), key({ overlapEndsAt: hours(5) })],
      }),
    })
    const [first, second] = await screen.findAllByTestId('api-key')
    expect(first?.textContent).toContain('Report')
    expect(first?.textContent).toContain('See the figures of the overview')
    expect(first?.textContent).toContain('Never used')
    expect(first?.textContent).toContain('Does not expire')
    expect(first?.textContent).toContain('previous secret works until')
    expect(second?.textContent).toContain('Revoked')
    expect(screen.queryByRole('button', { name: 'Actions for Old' })).toBeNull()
  })

  it('are created with what one may give, and the secret is shown once', async () => {
    const { last } = await open(
      '/settings/keys',
      owner.filter(permission => permission !== 'finance:read'),
      {
        'GET /api/v1/api-keys': () => ({ items: [key()] }),
        'POST /api/v1/api-keys': () => ({ key: key({ id: 'k9', name: 'Wall' }), secret: 'fbk_the_secret' }),
      },
    )
    fireEvent.click(await button('Create a key'))
    await screen.findByRole('dialog', { name: 'Create an API key' })
    const offered = screen.getAllByRole('checkbox').map(box => box.getAttribute('value'))
    expect(offered).toEqual(['summary:read', 'record:read', 'member:read'])
    fireEvent.click(await button('Create the key'))
    expect(await screen.findByText('Say what it is for.')).toBeTruthy()
    expect(screen.getByText('Choose at least one.')).toBeTruthy()
    type('Name', 'Wall')
    fireEvent.click(screen.getByRole('checkbox', { name: 'See the figures of the overview' }))
    type('Only from these addresses', '203.0.113.7\n\n 198.51.100.0/24 ')
    fireEvent.click(await button('Create the key'))
    expect((await screen.findByTestId('secret')).textContent).toBe('fbk_the_secret')
    expect(document.body.textContent).toContain('$FIELDBOARD_KEY')
    const sent = last('POST /api/v1/api-keys')
    expect(sent?.body).toMatchObject({
      name: 'Wall',
      permissions: ['summary:read'],
      ipAllow: ['203.0.113.7', '198.51.100.0/24'],
    })
    const until = Date.parse((sent?.body as { expiresAt: string } | undefined)?.expiresAt ?? '')
    expect(Math.round((until - Date.now()) / 86_400_000)).toBe(90)
    expect(sent?.idempotencyKey).toBeTruthy()
    fireEvent.click(await button('Done'))
    await waitFor(() => expect(screen.queryByTestId('secret')).toBeNull())
    expect(document.body.textContent).not.toContain('fbk_the_secret')
  })

  it('tell what is wrong beside the field, with the line of a list', async () => {
    await open('/settings/keys', owner, {
      'GET /api/v1/api-keys': () => ({ items: [key()] }),
      'POST /api/v1/api-keys': () =>
        new Refusal(422, 'Correct the fields.', {
          errors: [
            { location: 'body.ipAllow[1]', message: 'must be an IP address' },
            { location: 'body.name', message: 'must have 1 to 80 characters' },
          ],
        }),
    })
    fireEvent.click(await button('Create a key'))
    await screen.findByRole('dialog')
    type('Name', 'Wall')
    fireEvent.click(screen.getByRole('checkbox', { name: 'See the figures of the overview' }))
    fireEvent.click(await button('Create the key'))
    expect(await screen.findByText('Line 2 must be an IP address.')).toBeTruthy()
    expect(screen.getByText('Must have 1 to 80 characters.')).toBeTruthy()
    expect(screen.queryByText(/Correct the fields/)).toBeNull()
  })

  it('are rotated with an overlap, and revoked after a question', async () => {
    const { last, asked } = await open('/settings/keys', owner, {
      'GET /api/v1/api-keys': () => ({ items: [key()] }),
      'POST /api/v1/api-keys/k1/rotations': () => ({
        key: key({ overlapEndsAt: hours(24) }),
        secret: 'fbk_second',
      }),
      'DELETE /api/v1/api-keys/k1': () => nothing,
    })
    fireEvent.click(await (await menu('Actions for Report'))('New secret'))
    fireEvent.click(await button('Make a new secret'))
    expect((await screen.findByTestId('secret')).textContent).toBe('fbk_second')
    expect(screen.getByText(/The previous secret works until/)).toBeTruthy()
    const sent = last('POST /api/v1/api-keys/k1/rotations')
    expect(sent?.body).toEqual({ overlapHours: 24 })
    expect(sent?.idempotencyKey).toBeTruthy()
    fireEvent.click(await button('Done'))
    fireEvent.click(await (await menu('Actions for Report'))('Revoke'))
    expect(asked).not.toContain('DELETE /api/v1/api-keys/k1')
    fireEvent.click(await screen.findByTestId('confirm'))
    await waitFor(() => expect(asked).toContain('DELETE /api/v1/api-keys/k1'))
  })
})

describe('the account', () => {
  const settings = {
    requireVerifiedEmail: false,
    privileged: { idleMinutes: 30, absoluteMinutes: 720 },
    standard: { idleMinutes: 1440, absoluteMinutes: 43_200 },
    auditRetentionDays: 730,
  }
  const account = (over = {}) => ({
    id: 'acc_1',
    name: 'Demo',
    timeZone: 'America/Denver',
    currency: 'USD',
    plan: 'standard',
    settings: { ...settings, ...over },
    legalHold: { on: false },
  })
  const idle = () => screen.getAllByLabelText('Sign out when not used for')[0] as HTMLInputElement

  it('shows the lifetimes in units that people use, and saves minutes', async () => {
    const { last } = await open('/settings/account', owner, {
      'GET /api/v1/account': () => account(),
      'PATCH /api/v1/account': () => account({ requireVerifiedEmail: true }),
    })
    await button('Save')
    expect(idle().value).toBe('30')
    const absolute = screen.getAllByLabelText('Sign in again at the latest after') as HTMLInputElement[]
    expect(absolute.map(input => input.value)).toEqual(['12', '30'])
    fireEvent.change(absolute[0] as HTMLElement, { target: { value: '8' } })
    fireEvent.click(screen.getByRole('switch'))
    fireEvent.click(await button('Save'))
    await screen.findByText('The settings are saved.')
    expect(last('PATCH /api/v1/account')?.body).toEqual({
      // Of this form alone: how long events are kept is not its to write.
      settings: {
        requireVerifiedEmail: true,
        privileged: { idleMinutes: 30, absoluteMinutes: 480 },
        standard: settings.standard,
      },
    })
  })

  it('tells what is wrong beside the field before it asks, and after', async () => {
    const { last } = await open('/settings/account', owner, {
      'GET /api/v1/account': () => account(),
      'PATCH /api/v1/account': () =>
        new Refusal(422, 'The account is not valid.', {
          errors: [{ location: 'body.settings.standard.idleMinutes', message: 'must be shorter' }],
        }),
    })
    await button('Save')
    fireEvent.change(idle(), { target: { value: '2' } })
    fireEvent.click(await button('Save'))
    expect(await screen.findByText('Choose 5 minutes to 1 day.')).toBeTruthy()
    expect(last('PATCH /api/v1/account')).toBeUndefined()
    fireEvent.change(idle(), { target: { value: '20' } })
    fireEvent.click(await button('Save'))
    expect(await screen.findByText('Must be shorter.')).toBeTruthy()
    expect(screen.queryByText('Choose 5 minutes to 1 day.')).toBeNull()
  })

  it('is not open without the permission', async () => {
    const { asked } = await open('/settings/account', ['self:manage'], {})
    await screen.findByText('Not open to your role')
    expect(asked).not.toContain('GET /api/v1/account')
  })
})
