import { BacksideProvider } from '@backside/sdk/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.js';
import { db } from './client.js';

createRoot(document.getElementById('app')!).render(
  <StrictMode>
    <BacksideProvider client={db}>
      <App />
    </BacksideProvider>
  </StrictMode>,
);
