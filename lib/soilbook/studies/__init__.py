"""The only place where data, models and training meet: settings in, one xarray result out."""
