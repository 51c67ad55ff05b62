import { expect, type Page } from '@playwright/test'

/** The Jobber emulator's control address for the account that the tests look at. */
const control = `${process.env.JOBBER_URL}/_control/accounts/1`

export const password = 'fieldboard-demo'

export interface Done {
  id: string
  at: string
}

/** Makes something happen in Jobber. */
export async function make(action: string): Promise<Done> {
  const answer = await fetch(`${control}/${action}`, { method: 'POST' })
  if (!answer.ok) throw new Error(`${action}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as Done
}

/** The figures as Jobber's own data has them. */
export async function truth(period: string): Promise<any> {
  const answer = await fetch(`${control}/truth?period=${period}`)
  if (!answer.ok) throw new Error(`truth: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

export async function signIn(page: Page, who: string): Promise<void> {
  await page.goto('/')
  await page.getByTestId('sign-in-email').fill(`${who}@demo.fieldboard.test`)
  await page.getByTestId('sign-in-password').fill(password)
  await page.getByTestId('sign-in-submit').click()
  await expect(page.getByTestId('kpi-visits-today')).toBeVisible()
  await expect(page.getByTestId('connection-indicator').first()).toHaveAttribute('data-state', 'live')
}

/** Our id of a Jobber record: gid://Jobber/Visit/12 in base64 → Visit_12. */
export function recordId(encoded: string): string {
  const [kind, number] = Buffer.from(encoded, 'base64').toString().replace('gid://Jobber/', '').split('/')
  return `${kind}_${number}`
}

/** The link in the newest mail to an address. */
export async function mailedLink(to: string): Promise<string> {
  for (let tries = 0; tries < 100; tries++) {
    const answer = await fetch(`${process.env.MAILBOX_URL}/api/email`)
    const mails = (await answer.json()) as { to: { address: string }[]; text: string }[]
    const link = mails.findLast(mail => mail.to.some(one => one.address === to))?.text.match(/https?:\S+#\S+/)
    if (link) return link[0]
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  throw new Error(`no mail with a link came to ${to}`)
}

/** Invites somebody to the business of whoever is signed in, and returns the link that the page shows. */
export async function invite(page: Page, email: string): Promise<string> {
  await page.goto('/settings/members')
  await page.locator('#invite').click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Email').fill(email)
  await dialog.getByRole('button', { name: 'Invite' }).click()
  return dialog.getByTestId('invitation-link').innerText()
}
