"""From hazard to impact: damage, cascade over services, repair in time, restoration order, ensembles."""
