"""Survey quality: vocabulary, declared checks, and what changed between two deliveries."""
