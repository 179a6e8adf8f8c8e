"""WhatsApp through Twilio: twilio is the API client, its types and the signature check only."""
