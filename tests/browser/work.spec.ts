import { readFile } from 'node:fs/promises'
import { expect, type Page, test } from '@playwright/test'
import { signIn } from './stack.ts'

const looks = [
  { name: 'light', colorScheme: 'light', viewport: { width: 1440, height: 960 } },
  { name: 'dark', colorScheme: 'dark', viewport: { width: 1440, height: 960 } },
  { name: 'phone', colorScheme: 'light', viewport: { width: 390, height: 844 } },
] as const

for (const look of looks) {
  test(`work is asked for, watched and ended: ${look.name}`, async ({ browser }) => {
    test.setTimeout(240_000)
    const context = await browser.newContext({ colorScheme: look.colorScheme, viewport: look.viewport })
    const page = await context.newPage()
    const broken: string[] = []
    page.on('pageerror', error => broken.push(String(error)))
    const picture = async (name: string) => {
      await page.waitForTimeout(600) // dialogs come in, numbers count up
      const spill = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      expect(spill, `${name} is wider than the screen`).toBeLessThanOrEqual(0)
      await page.screenshot({ path: `${process.env.RESULTS ?? 'results'}/${name}-${look.name}.png`, fullPage: true })
    }
    await signIn(page, 'owner')

    // A report: asked for, made, fetched.
    const listed = page.waitForResponse(response => new URL(response.url()).pathname === '/api/v1/reports')
    await page.goto('/reports')
    const reports = page.getByRole('button', { name: /^Download / })
    await expect(page.getByRole('button', { name: 'Make the report' })).toBeVisible()
    await listed
    await picture('reports') // there are those of the looks before
    const before = await reports.count()
    await page.getByRole('button', { name: 'Make the report' }).click()
    await expect(reports).toHaveCount(before + 1, { timeout: 30_000 })
    await picture('reports-made')
    const [download] = await Promise.all([page.waitForEvent('download'), reports.first().click()])
    const file = await readFile(await download.path())
    expect(file.subarray(0, 5).toString()).toBe('%PDF-')

    // The same by the calendar, begun at once: it is made and mailed with its file.
    const name = `Monday figures ${look.name}`
    await page.goto('/schedules')
    await page.getByRole('button', { name: 'Create a schedule' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name').fill(name)
    await picture('schedule-form')
    await dialog.getByRole('button', { name: 'Create the schedule' }).click()
    const schedule = page.getByTestId('schedule').filter({ hasText: name })
    await expect(schedule).toContainText('America/')
    await schedule.getByRole('button', { name: `Actions for ${name}` }).click()
    await page.getByRole('menuitem', { name: 'Run now' }).click()
    await picture('schedules-one')
    await expect.poll(() => attachedTo(name), { timeout: 60_000 }).toHaveLength(1)

    // Clients from a file: looked at, begun, done in Jobber and in the copy.
    await page.goto('/batches')
    const rows = ['First name,Last name,Email', `Quillaby,${look.name}One,one@mail.example`, `Quillaby,${look.name}Two,two@mail.example`, 'Quillaby,,no address']
    await page.getByLabel('CSV file of clients').setInputFiles({ name: 'clients.csv', mimeType: 'text/csv', buffer: Buffer.from(rows.join('\n')) })
    await expect(page.getByRole('button', { name: 'Start' })).toBeVisible()
    await picture('batch-draft')
    await page.getByRole('button', { name: 'Start' }).click()
    await page.getByTestId('confirm').click()
    await expect(page.getByRole('button', { name: 'Remove' })).toBeVisible({ timeout: 60_000 })
    await expect(page.getByTestId('batch-row').filter({ hasText: `${look.name}One` })).toContainText('Done')
    await picture('batch-done')

    // All of it is among the background work.
    await page.goto('/operations')
    const tasks = page.getByTestId('task')
    await expect(tasks.filter({ hasText: 'clients.csv' }).first()).toHaveAttribute('data-state', 'done')
    await expect(tasks.filter({ hasText: name }).first()).toHaveAttribute('data-state', 'done')
    await picture('operations-busy')
    await tasks.filter({ hasText: name }).first().getByRole('link').click()
    await expect(page.getByTestId('task-detail')).toHaveAttribute('data-state', 'done')
    await picture('operations-task')
    expect(broken).toEqual([])
    await context.close()
  })
}

/** The names of the files that came with the mail of such a subject. */
async function attachedTo(subject: string): Promise<string[]> {
  const answer = await fetch(`${process.env.MAILBOX_URL}/api/email`)
  const mails = (await answer.json()) as { subject: string; attachments?: { fileName: string }[] }[]
  return mails.findLast(mail => mail.subject === subject)?.attachments?.map(file => file.fileName) ?? []
}
