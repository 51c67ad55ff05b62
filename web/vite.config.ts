import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

const api = process.env.FIELDBOARD_API ?? 'http://127.0.0.1:5000'

export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2023',
    // The content security policy allows no data: fonts or scripts, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // What changes only with its version stays in the browser's cache when the dashboard changes.
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules[\\/](react|react-dom|scheduler)[\\/]/ },
            { name: 'tanstack', test: /node_modules[\\/]@tanstack[\\/]/ },
          ],
        },
      },
    },
  },
  server: { proxy: { '/api': { target: api, changeOrigin: false } } },
  test: {
    environment: 'happy-dom',
    setupFiles: ['./src/test-setup.ts'],
    restoreMocks: true,
    testTimeout: 30_000,
  },
})
