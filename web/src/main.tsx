import './base.css'
import '@fontsource-variable/inter/wght.css'
import './mantine'
import '@mantine/notifications/styles.layer.css'
import './theme.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app'
import { catchAnswer } from './session/answer'
import { Session } from './session/session'

catchAnswer()

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no #root')

const session = new Session()
void session.start()

createRoot(root).render(
  <StrictMode>
    <App session={session} />
  </StrictMode>,
)
