import { expect, test } from '@playwright/test'
import { invite, mailedLink, password, signIn } from './stack.ts'

test('the owner invites somebody, who joins by the mailed link', async ({ page, browser }) => {
  const email = 'casey@example.test'
  await signIn(page, 'owner')
  const shown = await invite(page, email)
  const mailed = await mailedLink(email)
  expect(shown).toContain('/join#')
  expect(mailed, 'only the mailed link shows that the address is theirs').not.toBe(shown)

  const context = await browser.newContext()
  const theirs = await context.newPage()
  await theirs.goto(mailed)
  await expect(theirs.getByRole('heading', { name: 'Join Sample Valley Grounds' })).toBeVisible()
  expect(theirs.url()).not.toContain('#')
  await theirs.getByTestId('join-password').fill('violet tractor 7')
  await theirs.getByTestId('join-submit').click()
  await expect(theirs.getByTestId('kpi-visits-today')).toBeVisible()
  await context.close()

  await page.goto('/settings/members')
  await expect(page.getByTestId('member').filter({ hasText: email })).toBeVisible()
})

test('an API key works until it is revoked', async ({ page }) => {
  await signIn(page, 'owner')
  await page.goto('/settings/keys')
  await page.locator('#create-key').click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('Wall screen')
  await dialog.getByLabel('See clients, requests, quotes, jobs and visits').check()
  await dialog.getByRole('button', { name: 'Create the key' }).click()
  const secret = await dialog.getByTestId('secret').innerText()
  const read = () =>
    fetch(`${process.env.FIELDBOARD_URL}/api/v1/visits?limit=1`, { headers: { Authorization: `Bearer ${secret}` } })
  const answer = await read()
  expect(answer.status).toBe(200)
  expect(((await answer.json()) as { items: unknown[] }).items).toHaveLength(1)

  await dialog.getByRole('button', { name: 'Done' }).click()
  const row = page.getByTestId('api-key').filter({ hasText: 'Wall screen' })
  await expect(row).toContainText('Active')
  await page.reload()
  await expect(row).toBeVisible()
  expect(await page.content(), 'the secret is shown once').not.toContain(secret)

  await page.getByRole('button', { name: 'Actions for Wall screen' }).click()
  await page.getByRole('menuitem', { name: /Revoke/ }).click()
  await page.getByTestId('confirm').click()
  await expect(row).toContainText('Revoked')
  expect((await read()).status).toBe(401)
})

test('a setting of the account is kept', async ({ page }) => {
  await signIn(page, 'owner')
  const rule = page.getByLabel('Only let in people who have verified their email address')
  for (const wanted of [true, false]) {
    await page.goto('/settings/account')
    await rule.setChecked(wanted)
    await page.getByRole('button', { name: 'Save' }).click()
    await expect(page.getByText('The settings are saved.').first()).toBeVisible()
    await page.reload()
    await expect(rule).toBeChecked({ checked: wanted })
  }
})

test('a session that is ended elsewhere is over', async ({ page, browser }) => {
  const userAgent = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0'
  const context = await browser.newContext({ userAgent })
  const other = await context.newPage()
  await signIn(other, 'admin')
  await signIn(page, 'admin')
  await page.goto('/settings/sessions')
  const row = page.getByTestId('session').filter({ hasText: 'Firefox on Windows' })
  await row.getByRole('button', { name: 'End Firefox on Windows' }).click()
  await expect(row).toHaveCount(0)
  await expect(other.getByTestId('sign-in-email')).toBeVisible()
  await expect(other.getByTestId('sign-in-ended')).toBeVisible()
  await other.reload()
  await expect(other.getByTestId('sign-in-email'), 'its cookie is good for nothing').toBeVisible()
  await context.close()
  await expect(page.getByTestId('session').first()).toBeVisible()
})
